import type { EventRecorder } from '../client/event-recorder.ts';
import { referenceTo } from '../client/object-reference.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Node } from '../resources/schema/core-v1.generated.ts';
import { nodes } from '../resources/schema/resource-types.generated.ts';
import type { NodeConfig } from './config.ts';
import type { Host } from './host/host.ts';
import { ImageCollector, type ImageCollectorOptions } from './images/image-collector.ts';
import { LogRotator } from './logs/log-rotator.ts';
import type { PodWorkers } from './pods/pod-workers.ts';
import { type ContainerRemover, removeDeadParts } from './pods/remove-dead-parts.ts';
import type { RuntimeCache } from './pods/runtime-cache.ts';
import type { ContainerRuntime, ContainerStatus } from './runtime/runtime.ts';
import type { VolumeManager } from './volumes/volume-manager.ts';

export interface HousekeepingOptions {
  readonly config: NodeConfig;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly runtime: ContainerRuntime;
  readonly host: Host;
  readonly cache: RuntimeCache;
  readonly pods: PodWorkers;
  readonly volumes: Pick<VolumeManager, 'collect'>;
  readonly records: ImageCollectorOptions['records'];
  readonly metrics: ImageCollectorOptions['metrics'];
  node(): Node | undefined;
}

interface Task {
  readonly everyMs: number;
  /** The reason of the event that tells of its failure. */
  readonly failure: string | undefined;
  run(): Promise<void>;
}

/** What a node does every so often: it removes what nobody needs any more, rotates logs, and makes room on the disk. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #images: ImageCollector;
  readonly #logs: LogRotator;

  constructor(options: HousekeepingOptions) {
    const { config, runtime, host } = options;
    this.#options = options;
    this.#images = new ImageCollector({ ...options, ...config.imageCollection, containers: () => this.#containers() });
    this.#logs = new LogRotator({
      ...options,
      runtime,
      files: host.files,
      maxBytes: config.containerLogMaxBytes,
      maxFiles: config.containerLogMaxFiles,
    });
  }

  /** Until the signal is aborted. One timer for everything: a process may have thousands of nodes. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment } = this.#options;
    const tasks = this.#tasks().filter(({ everyMs }) => everyMs > 0);
    const due = tasks.map(({ everyMs }) => environment.monotonic() + everyMs);
    while (tasks.length > 0) {
      const next = Math.min(...due);
      await environment.sleep(Math.max(0, next - environment.monotonic()), signal).catch(() => {});
      for (const [at, task] of tasks.entries()) {
        if (signal.aborted) return;
        if ((due[at] ?? 0) > environment.monotonic()) continue;
        await this.#perform(task);
        due[at] = environment.monotonic() + task.everyMs;
      }
    }
  }

  /** Removes containers that have ended, and all images that are not in use. */
  async makeRoom(): Promise<void> {
    await this.#cleanUp();
    await this.#images.removeUnused();
  }

  #tasks(): readonly Task[] {
    const { config, volumes } = this.#options;
    return [
      { everyMs: config.housekeepingMs, failure: 'ContainerGCFailed', run: () => this.#cleanUp() },
      { everyMs: config.housekeepingMs, failure: undefined, run: () => volumes.collect() },
      { everyMs: config.imageCollection.everyMs, failure: 'ImageGCFailed', run: () => this.#images.collect() },
      { everyMs: config.logRotationMs, failure: undefined, run: () => this.#logs.rotate(this.#running()) },
    ];
  }

  async #perform({ run, failure }: Task): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#options.logger.warn('housekeeping failed', { err: error });
      if (failure !== undefined) this.#tell(failure, error instanceof Error ? error.message : String(error));
    }
  }

  async #cleanUp(): Promise<void> {
    const { pods, cache } = this.#options;
    await pods.cleanOrphans();
    for (const uid of cache.uids()) await removeDeadParts(this.#options satisfies ContainerRemover, cache.state(uid));
  }

  #tell(reason: string, message: string): void {
    const { node, recorder } = this.#options;
    const object = node();
    if (object !== undefined) recorder.event(referenceTo(nodes, object), 'Warning', reason, message);
  }

  *#containers(): Iterable<ContainerStatus> {
    const { cache } = this.#options;
    for (const uid of cache.uids()) yield* cache.state(uid).containers;
  }

  *#running(): Iterable<ContainerStatus> {
    for (const container of this.#containers()) if (container.state === 'running') yield container;
  }
}
