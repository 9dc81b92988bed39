import type { Environment } from '../../machinery/environment/environment.ts';
import type { Gauge, MetricRegistry } from '../../machinery/metrics.ts';
import { tooManyRequests } from '../../machinery/status-errors.ts';
import type { Cancellable } from '../registry/call.ts';
import type { RequestInfo } from '../request.ts';

export interface FlowLimits {
  readonly maxReadsInFlight: number;
  readonly maxMutationsInFlight: number;
  /** Requests of either sort that may wait for their turn. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

/** As many in flight as Kubernetes allows; a burst waits a little before it is refused. */
const defaultFlowLimits: FlowLimits = {
  maxReadsInFlight: 400,
  maxMutationsInFlight: 200,
  maxWaiting: 2_000,
  maxWaitMs: 15_000,
};

interface Waiter {
  admit(): void;
}

/** Requests of one sort: so many at once, so many waiting, the rest refused. */
class Lane {
  readonly #environment: Environment;
  readonly #limits: FlowLimits;
  readonly #maxInFlight: number;
  readonly #gauge: Gauge;
  readonly #waiting = new Set<Waiter>();
  #inFlight = 0;

  constructor(environment: Environment, limits: FlowLimits, maxInFlight: number, gauge: Gauge) {
    this.#environment = environment;
    this.#limits = limits;
    this.#maxInFlight = maxInFlight;
    this.#gauge = gauge;
  }

  async run<T>(work: () => Promise<T>, request: Cancellable): Promise<T> {
    if (this.#inFlight >= this.#maxInFlight) await this.#wait(request.signal);
    else this.#inFlight++;
    this.#gauge.set(this.#inFlight);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** The place of one that leaves goes to the one that has waited longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inFlight--;
    else next.admit();
    this.#gauge.set(this.#inFlight);
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#limits.maxWaiting) throw refused();
    const deadline = this.#environment.deadline(this.#limits.maxWaitMs, signal);
    const turn = Promise.withResolvers<void>();
    const waiter: Waiter = {
      admit: () => {
        this.#waiting.delete(waiter);
        turn.resolve();
      },
    };
    this.#waiting.add(waiter);
    deadline.signal.addEventListener('abort', () => {
      if (this.#waiting.delete(waiter)) turn.reject(signal?.aborted === true ? signal.reason : refused());
    });
    await turn.promise.finally(() => deadline.cancel());
  }
}

function refused(): Error {
  return tooManyRequests('Too many requests, please try again later.', 1);
}

/** Bounds how many requests are worked on at once, reads and mutations apart. Watches and streams are not counted. */
export class FlowControl {
  readonly #reads: Lane;
  readonly #mutations: Lane;

  constructor(environment: Environment, metrics: MetricRegistry, limits: FlowLimits = defaultFlowLimits) {
    const gauge = metrics.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests that are being worked on, by kind.',
      labels: ['request_kind'],
    });
    this.#reads = new Lane(environment, limits, limits.maxReadsInFlight, gauge.with('readOnly'));
    this.#mutations = new Lane(environment, limits, limits.maxMutationsInFlight, gauge.with('mutating'));
  }

  /** Throws TooManyRequests when there is no place and none becomes free in time. */
  run<T>(info: RequestInfo, work: () => Promise<T>, request: Cancellable): Promise<T> {
    const lane = readVerbs.has(info.verb) ? this.#reads : this.#mutations;
    return lane.run(work, request);
  }
}

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);
