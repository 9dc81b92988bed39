import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrivateContainerd } from '../../containerd/private-containerd.ts';
import type { ContainerRuntime } from '../../runtime/runtime.ts';
import { writeImageArchive } from './image-archive.ts';
import type { PackageImage } from './image-kitchen.ts';
import { ImageMaker, type ImageMakerOptions } from './image-maker.ts';
import { pauseImage, pauseImageName } from './pause-image.ts';

export interface LocalImagesOptions extends ImageMakerOptions {
  readonly runtime: Pick<ContainerRuntime, 'imageStatus'>;
  readonly containerd: Pick<PrivateContainerd, 'importImage'>;
}

/** Sees to it that images are in the runtime which no registry has. */
export class LocalImages {
  readonly #options: LocalImagesOptions;
  readonly #maker: ImageMaker;

  constructor(options: LocalImagesOptions) {
    this.#options = options;
    this.#maker = new ImageMaker(options);
  }

  /** Without it no pod can be made. Takes a few milliseconds. */
  async ensureSandboxImage(signal?: AbortSignal): Promise<void> {
    const { architecture, cacheDirectory, runtime, containerd } = this.#options;
    if ((await runtime.imageStatus(pauseImageName, signal)) !== undefined) return;
    await mkdir(join(cacheDirectory, 'images'), { recursive: true });
    const archive = join(cacheDirectory, 'images', 'pause.tar');
    await writeImageArchive(pauseImage(architecture), archive);
    await containerd.importImage(archive, signal);
  }

  /**
   * Makes an image and imports it, where it is not there yet: seconds, or a minute when packages have to be downloaded. Throws what apt says
   * when they cannot be.
   */
  async ensure(image: PackageImage, signal?: AbortSignal): Promise<'present' | 'imported'> {
    if ((await this.#options.runtime.imageStatus(image.image, signal)) !== undefined) return 'present';
    await this.#options.containerd.importImage(await this.#maker.make(image, signal), signal);
    return 'imported';
  }
}
