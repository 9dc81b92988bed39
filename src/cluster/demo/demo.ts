import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { kubernetesArchitecture } from '../../node/host/linux/host-info.ts';
import type { PackageImage } from '../../node/images/making/image-kitchen.ts';
import { LocalImages } from '../../node/images/making/local-images.ts';
import { packageImages } from '../../node/images/making/package-images.ts';
import { deployments, pods, statefulSets } from '../../resources/schema/resource-types.generated.ts';
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

const patienceMs = 240_000;

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

/** Resolves when every part of the shop is available. */
export async function waitForDemo(
  client: Client,
  environment: Environment,
  progress: (text: string) => void,
): Promise<void> {
  const deadline = environment.monotonic() + patienceMs;
  const namespace = 'shop';
  for (;;) {
    const web = (await client.get(deployments, { namespace, name: 'web' })).status?.availableReplicas ?? 0;
    const database = (await client.get(deployments, { namespace, name: 'database' })).status?.availableReplicas ?? 0;
    const application =
      (await client.get(statefulSets, { namespace, name: 'application' })).status?.availableReplicas ?? 0;
    if (web === 3 && database === 1 && application === 2) return;
    progress(`database ${database}/1, application ${application}/2, web ${web}/3`);
    if (environment.monotonic() > deadline) {
      const { items } = await client.list(pods, { namespace });
      const waiting = items
        .flatMap(({ metadata, status }) =>
          (status?.containerStatuses ?? []).map((each) => [metadata.name, each.state?.waiting] as const),
        )
        .filter(([, state]) => state !== undefined)
        .map(([name, state]) => `${name}: ${state?.reason} ${state?.message ?? ''}`);
      throw new Error(
        `the shop did not become available (${waiting.join('; ') || 'no container says why'}): see kubectl -n shop describe pods`,
      );
    }
    await environment.sleep(100);
  }
}
