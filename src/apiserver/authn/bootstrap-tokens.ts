import { createHash, timingSafeEqual } from 'node:crypto';
import type { Reader } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import {
  bootstrapSecretName,
  bootstrapTokenNamespace,
  bootstrapTokenType,
  parseBootstrapToken,
  tokenEntry,
  tokenGroups,
  tokenRemainingMs,
} from '../../resources/bootstrap/bootstrap-token.ts';
import type { Secret } from '../../resources/schema/core-v1.generated.ts';
import { secrets } from '../../resources/schema/resource-types.generated.ts';
import type { AuthenticatedToken, TokenAuthenticator } from './token-authenticator.ts';

/**
 * Tokens by which a machine introduces itself to the cluster: `system:bootstrap:<id>`, in the groups that the token's Secret in
 * kube-system gives it. A token that is deleted, expired or not meant for this counts for nothing, and is not told apart from an unknown one.
 */
export class BootstrapTokens implements TokenAuthenticator {
  readonly name = 'bootstrapToken';
  readonly #reader: Reader;
  readonly #environment: Environment;
  readonly #apiAudiences: readonly string[];

  constructor(reader: Reader, environment: Environment, apiAudiences: readonly string[]) {
    this.#reader = reader;
    this.#environment = environment;
    this.#apiAudiences = apiAudiences;
  }

  async authenticateToken(token: string, audiences: readonly string[]): Promise<AuthenticatedToken | undefined> {
    const shown = parseBootstrapToken(token);
    if (shown === undefined) return undefined;
    const secret = await this.#secretOf(shown.id);
    if (secret === undefined || (secret.metadata.deletionTimestamp ?? null) !== null) return undefined;
    if (secret.type !== bootstrapTokenType || !isSame(tokenEntry(secret, 'token-secret'), shown.secret))
      return undefined;
    if (tokenEntry(secret, 'token-id') !== shown.id) return undefined;
    if (tokenRemainingMs(secret, this.#environment.now()) === 0) return undefined;
    if (tokenEntry(secret, 'usage-bootstrap-authentication') !== 'true') return undefined;
    const groups = tokenGroups(secret);
    if (groups === undefined) return undefined;
    const spokenTo = audiences.filter((each) => this.#apiAudiences.includes(each));
    if (spokenTo.length === 0) return undefined;
    return { user: { username: `system:bootstrap:${shown.id}`, groups, extra: {} }, audiences: spokenTo };
  }

  async #secretOf(id: string): Promise<Secret | undefined> {
    try {
      return await this.#reader.get(secrets, { namespace: bootstrapTokenNamespace, name: bootstrapSecretName(id) });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}

/** Compares in a time that tells nothing of where the texts differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
