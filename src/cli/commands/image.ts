import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { nodeImages } from '../../cluster/agent/node-images.ts';
import { readIdentity } from '../../cluster/files/cluster-identity.ts';
import { DataDirectory, defaultDataDirectory } from '../../cluster/files/data-directory.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentLogger } from '../../machinery/log.ts';
import { print, say, table } from '../output.ts';

interface ImageOptions {
  readonly dataDir?: string;
  readonly output?: 'json' | 'yaml';
}

/** `stuurman image import`. */
export async function importImages(archives: readonly string[], options: ImageOptions): Promise<void> {
  for (const archive of archives) if (!existsSync(archive)) throw new Error(`${archive} does not exist`);
  await withImages(options, async ({ containerd }) => {
    for (const archive of archives) {
      for (const name of await containerd.importImage(archive)) say(`imported ${name}`);
    }
  });
}

/** `stuurman image list`. */
export async function listImages(options: ImageOptions): Promise<void> {
  await withImages(options, async ({ runtime }) => {
    const images = (await runtime.listImages()).map(({ id, tags, sizeBytes }) => ({ id, names: tags, sizeBytes }));
    if (options.output === 'json') print(JSON.stringify(images, undefined, 2));
    else if (options.output === 'yaml') print(dump(images));
    else {
      const rows = images.flatMap(({ id, names, sizeBytes }) =>
        (names.length === 0 ? ['<none>'] : names).map((name) => [
          name,
          id.replace('sha256:', '').slice(0, 12),
          `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`,
        ]),
      );
      print(table(['IMAGE', 'ID', 'SIZE'], rows.sort()));
    }
  });
}

async function withImages(
  options: ImageOptions,
  work: (parts: Awaited<ReturnType<typeof nodeImages>>) => Promise<void>,
): Promise<void> {
  const environment = new RealEnvironment();
  const directory = new DataDirectory(options.dataDir ?? defaultDataDirectory(process.env, process.getuid?.() === 0));
  const { id } = readIdentity(directory);
  const parts = await nodeImages({
    environment,
    logger: silentLogger,
    clusterId: id,
    directory: directory.node,
    ledgerFile: join(directory.path, 'images-ledger.json'),
  });
  try {
    await work(parts);
  } finally {
    await parts.runtime.close();
  }
}
