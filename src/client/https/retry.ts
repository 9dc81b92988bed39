import type { Environment } from '../../machinery/environment/environment.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';

export interface RetryLimits {
  /** How often a server may put a request off by `Retry-After`. */
  readonly putOffs: number;
  /** No single wait is longer, whatever the server says. */
  readonly waitMs: number;
  /** How often a read is repeated when its connection breaks. */
  readonly breaks: number;
}

/** As many put-offs as Kubernetes' own clients take. */
export const defaultRetryLimits: RetryLimits = { putOffs: 10, waitMs: 30_000, breaks: 3 };

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Attempts a request, again where that is safe: when the server put it off (429, or 5xx, with `Retry-After`: it has not been
 * acted upon), and when the connection of a read broke. Resolves to the last answer; throws the last error.
 */
export async function withRetries<A extends Answered>(
  environment: Environment,
  limits: RetryLimits,
  request: { readonly method: string; readonly signal?: AbortSignal | undefined },
  attempt: () => Promise<A>,
): Promise<A> {
  let putOffs = 0;
  let breaks = 0;
  for (;;) {
    let waitMs: number;
    try {
      const answer = await attempt();
      const retryAfterSeconds = retryAfterSecondsOf(answer);
      const putOff = (answer.status === 429 || answer.status >= 500) && retryAfterSeconds !== undefined;
      if (!putOff || putOffs >= limits.putOffs) return answer;
      putOffs++;
      waitMs = Math.min(retryAfterSeconds * 1000, limits.waitMs);
    } catch (error) {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const broken = error instanceof ConnectionError && error.maybeSent;
      if (!isRead || !broken || breaks >= limits.breaks || request.signal?.aborted) throw error;
      // Half of the wait is chance, so that clients cut off together do not come back together.
      waitMs = 100 * 2 ** breaks * (0.5 + environment.random() / 2);
      breaks++;
    }
    await environment.sleep(waitMs, request.signal);
  }
}

/** The `Retry-After` header in seconds; undefined when there is none, or it is a date, which Kubernetes does not send. */
export function retryAfterSecondsOf(answer: Answered): number | undefined {
  const text = answer.headers['retry-after'];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}
