import type { Client } from '../../client/client.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Node, PersistentVolume } from '../../resources/schema/core-v1.generated.ts';
import { persistentVolumes } from '../../resources/schema/resource-types.generated.ts';
import type { Files } from '../host/host.ts';

/** On volumes that a provisioner made: the folder of one on this node is the node's to make and to remove. */
export const provisionedBy = 'pv.kubernetes.io/provisioned-by';

export interface ProvisionedVolumesOptions {
  readonly client: Pick<Client, 'list'>;
  readonly files: Files;
  readonly logger: Logger;
  /** The agent's own folder. */
  readonly rootDirectory: string;
  node(): Node | undefined;
}

/** What is written down of a volume when its folder is made. */
interface Marker {
  readonly volume: string;
  readonly volumeUid: string;
  readonly path: string;
  /** The node's uid then: another one tells another cluster, or one that has lost its memory. */
  readonly nodeUid: string;
  /** As it was last seen. */
  readonly reclaimPolicy: string;
}

/**
 * The folders of provisioned volumes on this node. One is removed only when it is known for sure that its volume was deleted: the
 * volume was to be deleted with its claim, and a cluster that still knows this node no longer knows the volume.
 */
export class ProvisionedVolumes {
  readonly #options: ProvisionedVolumesOptions;

  constructor(options: ProvisionedVolumesOptions) {
    this.#options = options;
  }

  /** The folder of a provisioned volume, made where it is not there. */
  async prepare(volume: PersistentVolume, path: string): Promise<void> {
    const { files } = this.#options;
    await this.#mark(volume, path);
    if ((await files.stat(path)) !== undefined) return;
    await files.makeDirectory(path, 0o777);
    // Its pods run as whom they like.
    await files.chmod(path, 0o777);
  }

  /** Removes the folders of volumes that were deleted. Throws when the server does not answer. */
  async collect(): Promise<void> {
    const { client, logger } = this.#options;
    const markers = await this.#markers();
    if (markers.length === 0) return;
    const nodeUid = this.#options.node()?.metadata.uid;
    const volumes = new Map((await client.list(persistentVolumes)).items.map((each) => [each.metadata.name, each]));
    for (const marker of markers) {
      const volume = volumes.get(marker.volume);
      if (volume !== undefined && volume.metadata.uid === marker.volumeUid) {
        if (volume.spec?.persistentVolumeReclaimPolicy !== marker.reclaimPolicy) await this.#mark(volume, marker.path);
        continue;
      }
      if (nodeUid === undefined || marker.nodeUid !== nodeUid || marker.reclaimPolicy !== 'Delete') continue;
      await this.#options.files.remove(marker.path);
      await this.#options.files.remove(this.#markerPath(marker.volume));
      logger.info('the folder of a deleted volume was removed', { volume: marker.volume, path: marker.path });
    }
  }

  async #mark({ metadata, spec }: PersistentVolume, path: string): Promise<void> {
    const { files, node, rootDirectory } = this.#options;
    const marker: Marker = {
      volume: metadata.name ?? '',
      volumeUid: metadata.uid ?? '',
      path,
      nodeUid: node()?.metadata.uid ?? '',
      reclaimPolicy: spec?.persistentVolumeReclaimPolicy ?? 'Retain',
    };
    await files.makeDirectory(`${rootDirectory}/provisioned`, 0o750);
    await files.write(this.#markerPath(marker.volume), JSON.stringify(marker), 0o640);
  }

  async #markers(): Promise<readonly Marker[]> {
    const { files, rootDirectory, logger } = this.#options;
    const directory = `${rootDirectory}/provisioned`;
    if ((await files.stat(directory)) === undefined) return [];
    const markers: Marker[] = [];
    for (const name of await files.list(directory)) {
      try {
        markers.push(JSON.parse(Buffer.from(await files.read(`${directory}/${name}`)).toString('utf8')) as Marker);
      } catch (error) {
        logger.warn('what was written down of a volume cannot be read', { file: `${directory}/${name}`, err: error });
      }
    }
    return markers;
  }

  #markerPath(volume: string): string {
    return `${this.#options.rootDirectory}/provisioned/${volume}.json`;
  }
}
