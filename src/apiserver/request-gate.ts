import type { Deadline, Environment } from '../machinery/environment/environment.ts';
import { timeout } from '../machinery/status-errors.ts';
import { requireAuthorized } from './authz/require-authorized.ts';
import type { FlowControl } from './http/flow-control.ts';
import type { Call, Cancellable } from './registry/call.ts';
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

  /**
   * Runs `work` when the caller may do this and there is room for it; the signal it is given ends with the request's time. Throws
   * Forbidden, TooManyRequests, Timeout.
   */
  async run<R>(call: Call, work: (time: Cancellable) => Promise<R>, timeoutMs = maxRequestMs): Promise<R> {
    this.authorize(call);
    const time = new RequestTime(this.#environment, call, Math.min(timeoutMs, maxRequestMs));
    try {
      return await this.#flow.run(call.info, () => work(time), call);
    } catch (error) {
      if (time.isUp) throw timeout('request did not complete within the allotted timeout');
      throw error;
    } finally {
      time.end();
    }
  }
}

/** The time a request has. Timer and signal are made when somebody asks, for most requests never wait for anything. */
class RequestTime implements Cancellable {
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #endMs: number;
  #deadline: Deadline | undefined;

  constructor(environment: Environment, call: Call, timeoutMs: number) {
    this.#environment = environment;
    this.#call = call;
    this.#endMs = environment.monotonic() + timeoutMs;
  }

  get signal(): AbortSignal {
    const leftMs = this.#endMs - this.#environment.monotonic();
    this.#deadline ??= this.#environment.deadline(Math.max(0, leftMs), this.#call.signal);
    return this.#deadline.signal;
  }

  /** Whether it was the time that ended the request, and not its caller. */
  get isUp(): boolean {
    return this.#deadline?.signal.aborted === true && this.#call.signal?.aborted !== true;
  }

  end(): void {
    this.#deadline?.cancel();
  }
}
