import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import type { ContainerRuntime, ContainerStatus, RuntimeEvent, SandboxStatus } from '../runtime/runtime.ts';
import { podUidOf } from './labels.ts';
import { emptyState, newestFirst, type PodRuntimeState } from './pod-runtime-state.ts';

export interface RuntimeCacheOptions {
  readonly runtime: ContainerRuntime;
  readonly environment: Environment;
  readonly logger: Logger;
  /** The net under the events. */
  readonly relistMs: number;
  /** The state of this pod may have changed. */
  readonly onChange: (uid: string) => void;
  readonly onRelist: () => void;
  readonly metrics: Pick<AgentMetrics, 'relisted' | 'readAfterEvent'>;
}

interface Entry {
  readonly uid: string;
  /** Undefined: a sandbox. */
  readonly container?: ContainerStatus;
  readonly sandbox?: SandboxStatus;
}

/** What is being read of one id, and whether it has to be read again. */
interface Read {
  again: boolean;
  promise: Promise<void>;
}

const retryMs = 1000;
const mostRetryMs = 10_000;

/**
 * What the runtime has, by pod: read anew when an event tells of a change, when the agent changed something itself, and every so
 * often all of it. Each id is read by one reader at a time, so that an old answer never hides a newer one.
 */
export class RuntimeCache {
  readonly #options: RuntimeCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #pods = new Map<string, Set<string>>();
  readonly #states = new Map<string, PodRuntimeState>();
  readonly #reads = new Map<string, Read>();
  readonly #listed = Promise.withResolvers<void>();
  readonly #followers = new Map<string, Set<() => void>>();
  #relistedAt: number | undefined;

  constructor(options: RuntimeCacheOptions) {
    this.#options = options;
  }

  /** The pods the runtime has anything of. */
  uids(): readonly string[] {
    return [...this.#pods.keys()];
  }

  state(uid: string): PodRuntimeState {
    const known = this.#states.get(uid);
    if (known !== undefined) return known;
    const ids = this.#pods.get(uid);
    if (ids === undefined) return emptyState;
    const entries = [...ids].flatMap((id) => this.#entries.get(id) ?? []);
    const state: PodRuntimeState = {
      sandboxes: entries.flatMap(({ sandbox }) => sandbox ?? []).sort(newestFirst),
      containers: entries.flatMap(({ container }) => container ?? []).sort(newestFirst),
    };
    this.#states.set(uid, state);
    return state;
  }

  /** Calls back whenever the state of this pod may have changed, until the function that is answered is called. */
  follow(uid: string, changed: () => void): () => void {
    const followers = this.#followers.get(uid) ?? new Set();
    this.#followers.set(uid, followers.add(changed));
    return () => {
      followers.delete(changed);
      if (followers.size === 0) this.#followers.delete(uid);
    };
  }

  /** Resolves when everything has been listed once. */
  listed(): Promise<void> {
    return this.#listed.promise;
  }

  /** Listens and relists until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, logger } = this.#options;
    let delayMs = retryMs;
    while (!signal.aborted) {
      const session = new AbortController();
      const both = AbortSignal.any([signal, session.signal]);
      try {
        const listening = this.#listen(both);
        listening.catch(() => {});
        await this.relist();
        this.#listed.resolve();
        delayMs = retryMs;
        await Promise.race([listening, this.#relistForEver(both)]);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('the container runtime does not answer', { err: error });
        await environment.sleep(delayMs, signal).catch(() => {});
        delayMs = Math.min(delayMs * 2, mostRetryMs);
      } finally {
        session.abort();
      }
    }
  }

  /** Compares all the runtime has with what is known, and reads what differs. */
  async relist(): Promise<void> {
    const { runtime, environment, onRelist, metrics } = this.#options;
    const startedAt = environment.monotonic();
    const sinceLastMs = this.#relistedAt === undefined ? undefined : startedAt - this.#relistedAt;
    this.#relistedAt = startedAt;
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
    const stale: Promise<void>[] = [];
    const seen = new Set<string>();
    for (const sandbox of sandboxes) {
      seen.add(sandbox.id);
      if (this.#entries.get(sandbox.id)?.sandbox?.ready !== sandbox.ready) stale.push(this.refreshSandbox(sandbox.id));
    }
    for (const container of containers) {
      seen.add(container.id);
      const known = this.#entries.get(container.id)?.container;
      if (known?.state !== container.state) stale.push(this.refreshContainer(container.id));
    }
    for (const [id, entry] of this.#entries) {
      if (seen.has(id)) continue;
      stale.push(entry.sandbox === undefined ? this.refreshContainer(id) : this.refreshSandbox(id));
    }
    await Promise.all(stale);
    metrics.relisted(environment.monotonic() - startedAt, sinceLastMs, environment.now());
    onRelist();
  }

  /** Reads a sandbox anew. */
  refreshSandbox(id: string): Promise<void> {
    return this.#read(id, async () => {
      const sandbox = await this.#options.runtime.podSandboxStatus(id);
      this.#set(id, sandbox === undefined ? undefined : { uid: podUidOf(sandbox), sandbox });
    });
  }

  /** Reads a container anew. */
  refreshContainer(id: string): Promise<void> {
    return this.#read(id, async () => {
      const container = await this.#options.runtime.containerStatus(id);
      this.#set(id, container === undefined ? undefined : { uid: podUidOf(container), container });
    });
  }

  async #listen(signal: AbortSignal): Promise<void> {
    for await (const event of this.#options.runtime.events(signal)) this.#take(event);
  }

  #take({ type, containerId }: RuntimeEvent): void {
    const known = this.#entries.get(containerId);
    if (type === 'created' || (type === 'deleted' && known === undefined)) return;
    const isSandbox = known?.sandbox !== undefined;
    const { environment, metrics, logger } = this.#options;
    const startedAt = environment.monotonic();
    const read = isSandbox ? this.refreshSandbox(containerId) : this.refreshContainer(containerId);
    read
      // The next relist tries again.
      .catch((error: unknown) => {
        logger.debug('a container could not be read after its event', { containerId, type, err: error });
      })
      .finally(() => metrics.readAfterEvent(environment.monotonic() - startedAt));
  }

  async #relistForEver(signal: AbortSignal): Promise<void> {
    const { environment, relistMs } = this.#options;
    while (!signal.aborted) {
      await environment.sleep(relistMs, signal).catch(() => {});
      if (!signal.aborted) await this.relist();
    }
  }

  #read(id: string, once: () => Promise<void>): Promise<void> {
    const running = this.#reads.get(id);
    if (running !== undefined) {
      running.again = true;
      return running.promise;
    }
    const read: Read = { again: true, promise: Promise.resolve() };
    const loop = async () => {
      try {
        while (read.again) {
          read.again = false;
          await once();
        }
      } finally {
        this.#reads.delete(id);
      }
    };
    this.#reads.set(id, read);
    read.promise = loop();
    return read.promise;
  }

  #set(id: string, entry: Entry | undefined): void {
    const uid = entry?.uid ?? this.#entries.get(id)?.uid;
    if (uid === undefined || uid === '') return;
    const ids = this.#pods.get(uid) ?? new Set();
    if (entry === undefined) {
      this.#entries.delete(id);
      ids.delete(id);
    } else {
      this.#entries.set(id, entry);
      ids.add(id);
    }
    if (ids.size === 0) this.#pods.delete(uid);
    else this.#pods.set(uid, ids);
    this.#states.delete(uid);
    this.#options.onChange(uid);
    for (const changed of [...(this.#followers.get(uid) ?? [])]) changed();
  }
}
