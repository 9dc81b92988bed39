import { isIP } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/** How a client proves who it is and whom it believes. */
export interface ClientTls {
  /** Absent: the authorities this machine trusts. */
  readonly authorityPem?: string | undefined;
  readonly certificatePem?: string | undefined;
  readonly keyPem?: string | undefined;
  /** The name to ask for and to check the server's certificate against, in place of the host of the URL. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
}

/** The options of node:tls for connections to `host`. */
export interface TlsConnectOptions {
  readonly secureContext: SecureContext;
  readonly servername: string;
  readonly rejectUnauthorized: boolean;
  readonly ALPNProtocols: string[];
}

export function tlsConnectOptions(host: string, tls: ClientTls): TlsConnectOptions {
  const name = tls.serverName ?? host;
  return {
    secureContext: createSecureContext({
      minVersion: 'TLSv1.2',
      ca: tls.authorityPem ?? [...getCACertificates('default'), ...getCACertificates('system')],
      ...(tls.certificatePem === undefined ? {} : { cert: tls.certificatePem }),
      ...(tls.keyPem === undefined ? {} : { key: tls.keyPem }),
    }),
    // An address cannot be asked for by name (RFC 6066 3); with none given the certificate is checked against the host.
    servername: isIP(name) === 0 ? name : '',
    rejectUnauthorized: tls.insecureSkipVerify !== true,
    ALPNProtocols: ['http/1.1'],
  };
}
