import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { Processes } from '../../host/host.ts';
import { DebianPackages } from './debian-packages.ts';
import { writeImageArchive } from './image-archive.ts';
import type { PackageImage } from './image-kitchen.ts';

/** Raised when archives that were made before no longer fit. */
const format = 1;

export interface ImageMakerOptions {
  readonly environment: Environment;
  readonly processes: Pick<Processes, 'run'>;
  /** Go's name: `amd64`. */
  readonly architecture: string;
  /** Packages and finished archives: `/var/lib/stuurman/cache`. */
  readonly cacheDirectory: string;
}

/** Makes images of the machine's own packages, so that no image registry is needed. What was made is kept until its packages change. */
export class ImageMaker {
  readonly #options: ImageMakerOptions;
  readonly #packages: DebianPackages;

  constructor(options: ImageMakerOptions) {
    this.#options = options;
    this.#packages = new DebianPackages(options.processes, join(options.cacheDirectory, 'packages'));
  }

  /** Answers the path of the image's archive. */
  async make(image: PackageImage, signal?: AbortSignal): Promise<string> {
    const { cacheDirectory, architecture, processes, environment } = this.#options;
    const packages = await this.#packages.resolve(image.packages, image.ignored);
    const ingredients = [format, architecture, image.image, image.ingredients, packages.map((each) => each.sha256)];
    const key = createHash('sha256').update(JSON.stringify(ingredients)).digest('hex').slice(0, 16);
    const folder = join(cacheDirectory, 'images');
    const path = join(folder, `${image.name}-${key}.tar`);
    if (await exists(path)) return path;
    await mkdir(folder, { recursive: true });
    const root = join(
      cacheDirectory,
      `unpacked-${image.name}-${Buffer.from(environment.randomBytes(4)).toString('hex')}`,
    );
    try {
      await this.#packages.unpack(packages, root, signal);
      await writeImageArchive(await image.cook({ processes, architecture, root }), path);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
    await this.#removeOthers(folder, image.name, path);
    return path;
  }

  /** An image has one archive: what its packages were before the last update is of no use. */
  async #removeOthers(folder: string, name: string, kept: string): Promise<void> {
    for (const file of await readdir(folder)) {
      const old = new RegExp(`^${name}-[0-9a-f]{16}\\.tar$`).test(file);
      if (old && join(folder, file) !== kept) await rm(join(folder, file), { force: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
