import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { kubernetesArchitecture } from '../../node/host/linux/host-info.ts';
import type { PackageImage } from '../../node/images/making/image-kitchen.ts';
import { LocalImages } from '../../node/images/making/local-images.ts';
import { packageImages } from '../../node/images/making/package-images.ts';
import { nodeImages } from '../agent/node-images.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import type { NodePlace } from '../server/node-place.ts';
import { shopImage } from './shop-image.ts';

export interface PrepareDemoOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
  /** The nodes of this machine. */
  readonly places: readonly NodePlace[];
  readonly run: <T>(name: string, work: (progress: (text: string) => void) => Promise<T>) => Promise<T>;
}

/** Makes the images of the shop on this machine, where they are not there yet, and hands them to each node's containerd. */
export async function prepareDemo(options: PrepareDemoOptions): Promise<void> {
  for (const place of options.places) await prepareNode(place, options);
}

async function prepareNode(
  { directory: nodeDirectory, runDirectory, name: node, index }: NodePlace,
  { environment, directory, logger, run }: PrepareDemoOptions,
): Promise<void> {
  const { host, containerd, runtime } = await nodeImages({
    environment,
    logger,
    directory: nodeDirectory,
    runDirectory,
    ledgerFile: join(directory.path, 'images-ledger.json'),
  });
  const images = new LocalImages({
    environment,
    processes: host.processes,
    architecture: kubernetesArchitecture(process.arch),
    cacheDirectory: join(directory.path, 'cache'),
    runtime,
    containerd,
  });
  try {
    for (const image of demoImages()) {
      if ((await runtime.imageStatus(image.image)) !== undefined) continue;
      await run(`image ${image.image}${index === 1 ? '' : ` on ${node}`}`, async (progress) => {
        progress('making it of Debian packages');
        await images.ensure(image);
      });
    }
  } finally {
    await runtime.close();
  }
}

function demoImages(): readonly PackageImage[] {
  const wanted = packageImages(process.execPath, process.version).filter(
    ({ name }) => name === 'nginx' || name === 'postgres' || name === 'busybox',
  );
  return [...wanted, shopImage(process.execPath, process.version, shopProgram())];
}

/** The shop's program, bundled beside this one. */
function shopProgram(): string {
  for (const above of ['.', '..', '../..', '../../..']) {
    const path = join(import.meta.dirname, above, 'dist', 'shop.js');
    const beside = join(import.meta.dirname, above, 'shop.js');
    if (existsSync(beside)) return beside;
    if (existsSync(path)) return path;
  }
  throw new Error('dist/shop.js is missing: build the project with "node scripts/build.ts"');
}
