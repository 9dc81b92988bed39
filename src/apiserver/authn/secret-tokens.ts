import type { Reader } from '../../client/client.ts';
import { isReason } from '../../machinery/status-error.ts';
import { notFound } from '../../machinery/status-errors.ts';
import type { Secret } from '../../resources/schema/core-v1.generated.ts';
import { secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { parseJwt, verifyJwt } from '../tokens/jwt.ts';
import { readSecretTokenClaims, secretTokenIssuer } from '../tokens/secret-token-claims.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import type { BoundObjects } from './bound-objects.ts';
import {
  type AuthenticatedToken,
  sharedAudiences,
  type TokenAuthenticator,
  TokenError,
} from './token-authenticator.ts';
import { serviceAccountGroups, serviceAccountUsername } from './users.ts';

/** Tokens of service accounts that are kept in Secrets. One counts while its Secret holds it and its account is there. */
export class SecretTokens implements TokenAuthenticator {
  readonly name = 'secret';
  readonly #issuer: TokenIssuer;
  readonly #objects: BoundObjects;
  readonly #reader: Reader;

  constructor(issuer: TokenIssuer, objects: BoundObjects, reader: Reader) {
    this.#issuer = issuer;
    this.#objects = objects;
    this.#reader = reader;
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<AuthenticatedToken | undefined> {
    const parsed = parseJwt(token);
    if (parsed?.claims['iss'] !== secretTokenIssuer) return undefined;
    if (!this.#issuer.keysNamed(parsed.keyId).some((key) => verifyJwt(parsed, key)))
      throw new TokenError('the signature is not valid');
    const claims = readSecretTokenClaims(parsed.claims);
    if (claims === undefined) throw new TokenError('the token names no service account');
    const shared = sharedAudiences(this.#issuer.apiAudiences, audiences);
    const { namespace, secretName, account } = claims;
    const secret = await this.#secret(namespace, secretName);
    const held = Buffer.from(secret?.data?.['token'] ?? '', 'base64').toString();
    if (secret?.metadata.deletionTimestamp !== undefined || held !== token)
      throw new TokenError('service account token has been invalidated');
    const found = await this.#objects.serviceAccount(namespace, account.name, account.uid);
    if (found === undefined) throw new TokenError(notFound(serviceAccounts, account.name).message);
    if (found.uid !== account.uid)
      throw new TokenError(`service account UID (${found.uid}) does not match claim (${account.uid})`);
    const user = {
      username: serviceAccountUsername(namespace, account.name),
      uid: account.uid,
      groups: serviceAccountGroups(namespace),
      extra: {},
    };
    return { user, audiences: shared };
  }

  async #secret(namespace: string, name: string): Promise<Secret | undefined> {
    try {
      return await this.#reader.get(secrets, { namespace, name });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
