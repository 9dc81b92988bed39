import type { EventRecorder } from '../client/event-recorder.ts';
import { referenceTo } from '../client/object-reference.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Node } from '../resources/schema/core-v1.generated.ts';
import { nodes } from '../resources/schema/resource-types.generated.ts';
import type { NodeConfig } from './config.ts';
import type { Host } from './host/host.ts';
import { ImageCollector } from './images/image-collector.ts';
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
  node(): Node | undefined;
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

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { config } = this.#options;
    await Promise.all([
      this.#every(config.housekeepingMs, signal, 'ContainerGCFailed', () => this.#cleanUp()),
      this.#every(config.imageCollection.everyMs, signal, 'ImageGCFailed', () => this.#images.collect()),
      this.#every(config.housekeepingMs, signal, undefined, () => this.#options.volumes.collect()),
      this.#every(config.logRotationMs, signal, undefined, () => this.#logs.rotate(this.#running())),
    ]);
  }

  async #cleanUp(): Promise<void> {
    const { pods, cache } = this.#options;
    await pods.cleanOrphans();
    for (const uid of cache.uids()) await removeDeadParts(this.#options satisfies ContainerRemover, cache.state(uid));
  }

  async #every(
    periodMs: number,
    signal: AbortSignal,
    reason: string | undefined,
    round: () => Promise<void>,
  ): Promise<void> {
    const { environment, logger } = this.#options;
    while (periodMs > 0 && !signal.aborted) {
      await environment.sleep(periodMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await round();
      } catch (error) {
        logger.warn('housekeeping failed', { err: error });
        if (reason !== undefined) this.#tell(reason, error instanceof Error ? error.message : String(error));
      }
    }
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
