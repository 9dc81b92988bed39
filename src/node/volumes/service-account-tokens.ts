import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { parseTime } from '../../machinery/time.ts';
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
  readonly expiresAt: number;
  /** From when on a new one is wanted. */
  readonly refreshAt: number;
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
    const { environment } = this.#options;
    const uid = pod.metadata.uid ?? '';
    const key = `${request.audience ?? ''}/${request.expirationSeconds}`;
    const known = this.#entries.get(uid)?.get(key);
    const now = environment.now();
    if (known !== undefined && now < known.refreshAt) return known.token;
    try {
      const entry = await this.#request(pod, request, now);
      const entries = this.#entries.get(uid) ?? new Map<string, Entry>();
      this.#entries.set(uid, entries.set(key, entry));
      return entry.token;
    } catch (error) {
      if (known !== undefined && now < known.expiresAt) return known.token;
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`failed to fetch token: ${why}`, { cause: error });
    }
  }

  /** When the first of a pod's tokens wants to be replaced; undefined when it has none. */
  refreshAt(uid: string): number | undefined {
    const entries = this.#entries.get(uid);
    if (entries === undefined) return undefined;
    return Math.min(...[...entries.values()].map((entry) => entry.refreshAt));
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  async #request(pod: Pod, { audience, expirationSeconds }: TokenRequest, now: number): Promise<Entry> {
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
    const expiresAt = parseTime(answer.status?.expirationTimestamp) ?? now + expirationSeconds * 1000;
    // The server may give it a longer life than was asked for; what was asked for is what is kept to.
    const lifeMs = expirationSeconds * 1000;
    const issuedAt = expiresAt - lifeMs;
    const refreshAt = Math.min(issuedAt + lifeMs * refreshShare, issuedAt + longestUseMs);
    return { token, expiresAt, refreshAt: refreshAt - jitterMs * this.#options.environment.random() };
  }
}
