import type { EventRecorder } from '../../client/event-recorder.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { Host } from '../host/host.ts';
import type { ImageMetrics } from '../metrics/image-metrics.ts';
import type { ContainerRuntime, ContainerStatus, Image } from '../runtime/runtime.ts';

export interface ImageCollectorOptions {
  readonly runtime: Pick<ContainerRuntime, 'listImages' | 'removeImage'>;
  readonly host: Pick<Host, 'info' | 'stats'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  /** Disk use in percent from which on images are removed, and down to which. */
  readonly highPercent: number;
  readonly lowPercent: number;
  /** Younger images are left alone. */
  readonly minAgeMs: number;
  readonly records: {
    /** What is known of images that are no more is forgotten. */
    prune(present: ReadonlySet<string>): Promise<void>;
    /** Whether an image was pulled here, so that it can be pulled again. */
    wasPulled(imageId: string): boolean;
  };
  readonly metrics: Pick<ImageMetrics, 'collected'>;
  node(): Node | undefined;
  /** All containers the runtime has. */
  containers(): Iterable<ContainerStatus>;
}

interface Known {
  readonly firstSeen: number;
  lastUsed: number;
}

/**
 * Removes images nobody uses when the disk gets full, those first that were not used for longest. What was imported stays: no registry
 * may have it, and without that of the sandbox no pod could start.
 */
export class ImageCollector {
  readonly #options: ImageCollectorOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
  }

  /** One round. Throws when the runtime or the machine does not answer. */
  async collect(): Promise<void> {
    const { host, highPercent, lowPercent, minAgeMs } = this.#options;
    const unused = await this.#observe(minAgeMs);
    const [{ diskBytes }, { diskAvailableBytes }] = await Promise.all([host.info(), host.stats()]);
    if (diskBytes === 0) {
      this.#tell('InvalidDiskCapacity', 'invalid capacity 0 on image filesystem');
      return;
    }
    const usedPercent = 100 - Math.floor((diskAvailableBytes * 100) / diskBytes);
    if (usedPercent < highPercent) return;
    const wantedBytes = Math.ceil((diskBytes * (100 - lowPercent)) / 100) - diskAvailableBytes;
    const freedBytes = await this.#remove(unused, wantedBytes);
    if (freedBytes >= wantedBytes) return;
    const head = `Insufficient free disk space on the node's image filesystem (${usedPercent}% of ${gibibytes(diskBytes)} used). `;
    const middle = `Failed to free sufficient space by deleting unused images (freed ${freedBytes} bytes). `;
    const advice = 'Investigate disk usage, as it could be used by active images, logs, volumes, or other data.';
    this.#tell('FreeDiskSpaceFailed', head + middle + advice);
  }

  /** Removes every image nobody uses, however young. */
  async removeUnused(): Promise<void> {
    await this.#remove(await this.#observe(0), Number.POSITIVE_INFINITY);
  }

  /** Notes which images there are and are in use. Answers those that may go, the longest unused first. */
  async #observe(minAgeMs: number): Promise<readonly Image[]> {
    const { runtime, environment, containers, records } = this.#options;
    const now = environment.monotonic();
    const images = await runtime.listImages();
    const used = new Set([...containers()].flatMap(({ image, imageId }) => [image, imageId]));
    const present = new Set(images.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!present.has(id)) this.#known.delete(id);
    await records.prune(present);
    const unused: Image[] = [];
    for (const image of images) {
      const known = this.#known.get(image.id) ?? { firstSeen: now, lastUsed: 0 };
      this.#known.set(image.id, known);
      const names = [image.id, ...image.tags, ...image.digests];
      if (names.some((name) => used.has(name))) known.lastUsed = now;
      else if (!image.pinned && records.wasPulled(image.id) && now - known.firstSeen >= minAgeMs) unused.push(image);
    }
    const order = (image: Image) => this.#known.get(image.id) ?? { firstSeen: 0, lastUsed: 0 };
    return unused.sort((a, b) => order(a).lastUsed - order(b).lastUsed || order(a).firstSeen - order(b).firstSeen);
  }

  async #remove(images: readonly Image[], wantedBytes: number): Promise<number> {
    const { runtime, logger, metrics } = this.#options;
    let freedBytes = 0;
    for (const image of images) {
      if (freedBytes >= wantedBytes) break;
      try {
        await runtime.removeImage(image.id);
        this.#known.delete(image.id);
        metrics.collected();
        freedBytes += image.sizeBytes;
        logger.info('an unused image was removed', { image: image.tags[0] ?? image.id, sizeBytes: image.sizeBytes });
      } catch (error) {
        logger.warn('an unused image could not be removed', { image: image.id, err: error });
      }
    }
    return freedBytes;
  }

  #tell(reason: string, message: string): void {
    const { node, recorder } = this.#options;
    const object = node();
    if (object !== undefined) recorder.event(referenceTo(nodes, object), 'Warning', reason, message);
  }
}

function gibibytes(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toFixed(1))} GiB`;
}
