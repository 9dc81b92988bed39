import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { TokenRequest as ApiTokenRequest } from '../../resources/schema/authentication-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import type { TokenRequest } from './payload.ts';

export interface ServiceAccountTokensOptions {
  readonly client: Pick<Client, 'createSubresource'>;
  readonly environment: Environment;
}

interface Entry {
  readonly token: string;
  /** When it was given, by the clock and by the one that nobody sets. */
  readonly givenAt: { readonly now: number; readonly monotonic: number };
  readonly lifeMs: number;
  /** At this age a new one is wanted. */
  readonly refreshMs: number;
}

/** A token is replaced when this share of its life is over, or a day, and a little before so that not all are at once. */
const refreshShare = 0.8;
const longestUseMs = 24 * 3600 * 1000;
const jitterMs = 10_000;

/** The tokens in pods' volumes: asked for once, and anew before they expire. Bound to their pods, they end with them. */
export class ServiceAccountTokens {
  readonly #options: ServiceAccountTokensOptions;
  readonly #entries = new Map<string, Map<string, Entry>>();

  constructor(options: ServiceAccountTokensOptions) {
    this.#options = options;
  }

  /** Throws an `Error` when there is none that is still good. */
  async token(pod: Pod, request: TokenRequest): Promise<string> {
    const uid = pod.metadata.uid ?? '';
    const key = `${request.audience ?? ''}/${request.expirationSeconds}`;
    const known = this.#entries.get(uid)?.get(key);
    if (known !== undefined && this.#ageMs(known) < known.refreshMs) return known.token;
    try {
      const entry = await this.#request(pod, request);
      const entries = this.#entries.get(uid) ?? new Map<string, Entry>();
      this.#entries.set(uid, entries.set(key, entry));
      return entry.token;
    } catch (error) {
      if (known !== undefined && this.#ageMs(known) < known.lifeMs) return known.token;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`failed to fetch token: ${why}`, { cause: error });
    }
  }

  /** In how many milliseconds the first of a pod's tokens wants to be replaced; undefined when it has none. */
  refreshInMs(uid: string): number | undefined {
    const entries = this.#entries.get(uid);
    if (entries === undefined) return undefined;
    return Math.min(...[...entries.values()].map((entry) => entry.refreshMs - this.#ageMs(entry)));
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  /**
   * By whichever clock it is older: one may be set back, the other stands still while the machine sleeps. What the server's clock says
   * counts for nothing, so that a node whose clock is an hour ahead does not ask for one token after the other.
   */
  #ageMs({ givenAt }: Entry): number {
    const { environment } = this.#options;
    return Math.max(environment.now() - givenAt.now, environment.monotonic() - givenAt.monotonic);
  }

  async #request(pod: Pod, { audience, expirationSeconds }: TokenRequest): Promise<Entry> {
    const { environment } = this.#options;
    const givenAt = { now: environment.now(), monotonic: environment.monotonic() };
    const { namespace, name, uid } = pod.metadata;
    const account = pod.spec?.serviceAccountName ?? '';
    const body: ApiTokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: audience === undefined || audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const key = { namespace, name: account === '' ? 'default' : account };
    const answer = await this.#options.client.createSubresource(serviceAccounts, key, 'token', body);
    const token = answer.status?.token;
    if (token === undefined) throw new Error('the server answered without a token');
    // The server may give it a longer life than was asked for; what was asked for is what is kept to.
    const lifeMs = expirationSeconds * 1000;
    const refreshMs = Math.min(lifeMs * refreshShare, longestUseMs) - jitterMs * environment.random();
    return { token, givenAt, lifeMs, refreshMs };
  }
}
