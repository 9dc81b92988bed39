import type { HttpResponse } from '../../wire/http.ts';
import type { PathHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';
import type { VerificationKey } from './jwt.ts';
import type { TokenIssuer } from './token-issuer.ts';

const configurationPath = '/.well-known/openid-configuration';
const keysPath = '/openid/v1/jwks';

/**
 * Lets others verify this cluster's ServiceAccount tokens by OpenID Connect Discovery (KEP-1393): the issuer's metadata and its
 * public keys. `serverUrl`: where the API server is reached from pods and from outside at the moment, `https://host:port`.
 */
export function openIdDiscovery(issuer: TokenIssuer, serverUrl: () => string): PathHandler {
  const configuration = () => ({
    issuer: issuer.issuer,
    jwks_uri: `${serverUrl()}${keysPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(issuer.verificationKeys.map((key) => key.algorithm))].sort(),
  });
  const keys = answer('application/jwk-set+json', { keys: issuer.verificationKeys.map(jsonWebKey) });
  const answers = new Map<string, () => HttpResponse>([
    [configurationPath, () => answer('application/json', configuration())],
    [keysPath, () => keys],
  ]);
  return {
    paths: [...answers.keys()].flatMap((path) => [path, `${path}/`]),
    async fetch({ info }: RequestContext): Promise<HttpResponse> {
      return answers.get(info.path.replace(/\/$/, ''))?.() ?? { status: 404, headers: {} };
    },
  };
}

function jsonWebKey({ id, algorithm, publicKey }: VerificationKey): object {
  const { kty, ...parameters } = publicKey.export({ format: 'jwk' });
  return { use: 'sig', kty, kid: id, alg: algorithm, ...parameters };
}

function answer(contentType: string, value: object): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': contentType, 'cache-control': 'public, max-age=3600' },
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}
