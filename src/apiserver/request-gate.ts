import type { Environment } from '../machinery/environment/environment.ts';
import { timeout } from '../machinery/status-errors.ts';
import { requireAuthorized } from './authz/require-authorized.ts';
import type { FlowControl } from './http/flow-control.ts';
import type { Call } from './registry/call.ts';
import type { Authorizer } from './request.ts';

/** No request that is not long-running takes longer than this. */
const maxRequestMs = 60_000;

/** What every request passes, whether it came over HTTP or from a component in the same process: authorisation and flow control. */
export class RequestGate {
  readonly #environment: Environment;
  readonly #authorizer: Authorizer;
  readonly #flow: FlowControl;

  constructor(options: {
    readonly environment: Environment;
    readonly authorizer: Authorizer;
    readonly flow: FlowControl;
  }) {
    this.#environment = options.environment;
    this.#authorizer = options.authorizer;
    this.#flow = options.flow;
  }

  /** For watches and streams, which may last. Throws Forbidden. */
  authorize(call: Pick<Call, 'user' | 'info'>): void {
    requireAuthorized(this.#authorizer, call.user, call.info);
  }

  /** Runs `work`, whose signal ends with its time, when the caller may do this and there is room for it. Throws Forbidden, TooManyRequests, Timeout. */
  async run<R>(call: Call, work: (signal: AbortSignal) => Promise<R>, timeoutMs = maxRequestMs): Promise<R> {
    this.authorize(call);
    const deadline = this.#environment.deadline(Math.min(timeoutMs, maxRequestMs), call.signal);
    try {
      return await this.#flow.run(call.info, () => work(deadline.signal), call.signal);
    } catch (error) {
      if (deadline.signal.aborted && call.signal?.aborted !== true)
        throw timeout('request did not complete within the allotted timeout');
      throw error;
    } finally {
      deadline.cancel();
    }
  }
}
