import { HttpsClient } from '../../client/https/https-client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ApiCredentials, ReachApi } from '../../node/certificates/reach-api.ts';
import type { HttpTarget } from '../../wire/http.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import type { ClientCertificate, HttpConnection, HttpHandler } from '../../wire/http-handler.ts';
import { type Certificate, parseCertificate } from '../../wire/pki/certificate.ts';
import type { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { certificateValidity } from '../../wire/pki/certificate-validity.ts';
import { parsePem } from '../../wire/pki/pem.ts';

/** An API server in this process that machines find under a URL. */
export interface ReachableApi {
  readonly url: string;
  readonly handler: HttpHandler;
  /** By which it knows clients, and they know it. */
  readonly authority: () => CertificateAuthority;
}

/**
 * Reaches API servers of this process the way machines do: by URL, with certificates and tokens that are checked on both sides, by the
 * environment's clock. No bytes are encrypted, and no socket is opened, so that it works in virtual time.
 */
export function simulatedReach(environment: Environment, apis: readonly ReachableApi[], userAgent: string): ReachApi {
  return (servers, credentials) => {
    const attempt = () => {
      const api = apis.find(({ url }) => servers.includes(url));
      if (api === undefined) throw connectionError(servers[0] ?? '', 'ECONNREFUSED', 'connection refused');
      return { api, connection: handshake(environment, api, credentials.tls()) };
    };
    const target: HttpTarget = {
      async fetch(request) {
        const { api, connection } = attempt();
        return api.handler.fetch({ ...request, headers: withToken(request.headers, credentials) }, connection);
      },
      async upgrade(request) {
        const { api, connection } = attempt();
        const headers = withToken(request.headers, credentials);
        return api.handler.upgrade?.({ ...request, headers }, connection) ?? api.handler.fetch(request, connection);
      },
    };
    return { client: new HttpsClient({ environment, target, userAgent }), close() {} };
  };
}

function withToken(headers: Readonly<Record<string, string>>, { token }: ApiCredentials) {
  return token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` };
}

/** What a TLS handshake would come to. Throws `ConnectionError` when the client does not believe the server. */
function handshake(environment: Environment, { url, authority }: ReachableApi, tls: ClientTls): HttpConnection {
  const own = authority().certificate;
  if (tls.insecureSkipVerify !== true) {
    const trusted = parsePem(tls.authorityPem ?? '', 'CERTIFICATE').map(parseCertificate);
    const anchor = trusted.find(({ x509 }) => own.x509.verify(x509.publicKey));
    if (anchor === undefined) throw connectionError(url, 'SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate');
    const { state } = certificateValidity(anchor, environment.now());
    if (state === 'expired') throw connectionError(url, 'CERT_HAS_EXPIRED', 'certificate has expired');
    if (state === 'notYetValid') throw connectionError(url, 'CERT_NOT_YET_VALID', 'certificate is not yet valid');
  }
  const { certificatePem } = tls;
  const presented = certificatePem === undefined ? undefined : parseCertificate(certificatePem);
  const problem = presented === undefined ? undefined : clientProblem(environment, own, presented);
  return {
    remoteAddress: '',
    remotePort: 0,
    secure: true,
    certificate: problem === undefined ? clientCertificate(presented) : undefined,
    certificateError: problem,
  };
}

function clientProblem(environment: Environment, authority: Certificate, presented: Certificate): string | undefined {
  if (!presented.x509.verify(authority.x509.publicKey)) return 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  const { state } = certificateValidity(presented, environment.now());
  return state === 'valid' ? undefined : state === 'expired' ? 'CERT_HAS_EXPIRED' : 'CERT_NOT_YET_VALID';
}

function clientCertificate(certificate: Certificate | undefined): ClientCertificate | undefined {
  return certificate === undefined ? undefined : { ...certificate.subject, fingerprint: certificate.fingerprint };
}

function connectionError(url: string, code: string, message: string): ConnectionError {
  return new ConnectionError(url, Object.assign(new Error(message), { code }), false);
}
