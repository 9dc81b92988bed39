import type { Environment } from '../machinery/environment/environment.ts';
import { formatGoDuration } from '../machinery/go-duration.ts';
import type { Logger } from '../machinery/log.ts';
import type { ContainerRuntime, RuntimeFeatures, RuntimeStatus } from './runtime/runtime.ts';

export interface RuntimeHealthOptions {
  readonly runtime: Pick<ContainerRuntime, 'status' | 'version'>;
  readonly environment: Environment;
  readonly logger: Logger;
  /** How often the runtime is asked. */
  readonly everyMs: number;
  /** There is another problem than before, or none any more. */
  readonly onChange: () => void;
}

/** A runtime is down when it has not answered for this long, and pods are not looked after when it was not listed for that long. */
const downAfterMs = 30_000;
const unlistedAfterMs = 180_000;
/** While there is a problem the runtime is asked this often, for a minute at the most: a node that comes up is soon ready. */
const quickMs = 200;
const mostQuick = 300;

/** How the runtime and its network fare, with the patience and in the words of a kubelet. A runtime that hangs holds up nobody who asks here. */
export class RuntimeHealth {
  readonly #options: RuntimeHealthOptions;
  readonly #asked = Promise.withResolvers<void>();
  #asking = false;
  #answeredAt: number | undefined;
  #listedAt: number | undefined;
  #status: RuntimeStatus | undefined;
  #version = 'containerd://unknown';
  #told = '';

  constructor(options: RuntimeHealthOptions) {
    this.#options = options;
  }

  /** Resolves when the runtime has been asked once, whatever it answered. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** `containerd://1.7.24`. */
  get version(): string {
    return this.#version;
  }

  /** What the runtime said last that it can do; undefined: nothing. */
  get features(): RuntimeFeatures | undefined {
    return this.#status?.features;
  }

  /** Why the runtime cannot be used; none: it can. */
  get runtimeProblems(): readonly string[] {
    const problems: string[] = [];
    const answeredMs = this.#since(this.#answeredAt);
    const listedMs = this.#since(this.#listedAt);
    if (answeredMs === undefined) problems.push('container runtime status check may not have completed yet');
    else if (answeredMs >= downAfterMs) problems.push('container runtime is down');
    if (listedMs === undefined) problems.push('PLEG is not healthy: pleg has yet to be successful');
    else if (listedMs > unlistedAfterMs) {
      const [elapsed, threshold] = [formatGoDuration(listedMs), formatGoDuration(unlistedAfterMs)];
      problems.push(`PLEG is not healthy: pleg was last seen active ${elapsed} ago; threshold is ${threshold}`);
    }
    if (this.#status?.runtimeReady === false) problems.push(`container runtime not ready: ${this.#status.message}`);
    return problems;
  }

  /** Why pods cannot be connected; undefined: they can. */
  get networkProblem(): string | undefined {
    if (this.#status === undefined) return 'network state unknown';
    return this.#status.networkReady ? undefined : `container runtime network not ready: ${this.#status.message}`;
  }

  /** All that keeps the node from being ready. */
  get problems(): readonly string[] {
    return [...this.runtimeProblems, ...(this.networkProblem === undefined ? [] : [this.networkProblem])];
  }

  /** All the runtime has was listed a moment ago. */
  listed(): void {
    this.#listedAt = this.#options.environment.monotonic();
    this.#tell();
  }

  /** Asks until the signal is aborted. A question that is not answered is the only one for as long. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, everyMs } = this.#options;
    let quick = 0;
    while (!signal.aborted) {
      void this.#ask(signal);
      const ready = this.problems.length === 0;
      if (ready) quick = 0;
      const pauseMs = ready || quick++ >= mostQuick ? everyMs : quickMs;
      await environment.sleep(pauseMs, signal).catch(() => {});
      this.#tell();
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const { runtime, environment, logger } = this.#options;
    try {
      const status = await runtime.status(signal);
      this.#status = status;
      if (status.runtimeReady) this.#answeredAt = environment.monotonic();
      if (this.#version.endsWith('unknown')) {
        const { name, version } = await runtime.version(signal);
        this.#version = `${name}://${version}`;
      }
    } catch (error) {
      if (!signal.aborted) logger.debug('the container runtime does not say how it is', { err: error });
    }
    this.#asking = false;
    this.#asked.resolve();
    this.#tell();
  }

  #since(time: number | undefined): number | undefined {
    return time === undefined ? undefined : this.#options.environment.monotonic() - time;
  }

  #tell(): void {
    // How long ago something was changes all the time, and is no news.
    const now = this.problems.join('\n').replaceAll(/active \S+ ago/g, '');
    if (now === this.#told) return;
    this.#told = now;
    this.#options.onChange();
  }
}
