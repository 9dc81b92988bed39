import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { nodeImages, noNodes } from '../../cluster/agent/node-images.ts';
import { clusterOf, startedPlaces } from '../../cluster/server/local-places.ts';
import type { NodePlace } from '../../cluster/server/node-place.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentLogger } from '../../machinery/log.ts';
import { dataDirectoryOf } from '../data-directory-of.ts';
import { print, say, table } from '../output.ts';

interface ImageOptions {
  readonly dataDir?: string;
  readonly output?: 'json' | 'yaml';
}

interface ListedImage {
  readonly id: string;
  readonly names: readonly string[];
  readonly sizeBytes: number;
  /** The nodes of this machine that have it. */
  readonly nodes: readonly string[];
}

/** `stuurman image import`: to every node of this machine. */
export async function importImages(archives: readonly string[], options: ImageOptions): Promise<void> {
  for (const archive of archives) requireArchive(archive);
  const imported = new Set<string>();
  await withImages(options, async ({ containerd }) => {
    for (const archive of archives) for (const name of await containerd.importImage(archive)) imported.add(name);
  });
  for (const name of imported) say(`imported ${name}`);
}

function requireArchive(path: string): void {
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  if (!statSync(path).isFile())
    throw new Error(`${path} is no file: name an archive of "docker save" or an OCI archive`);
  const descriptor = openSync(path, 'r');
  const start = Buffer.alloc(4);
  readSync(descriptor, start, 0, 4, 0);
  closeSync(descriptor);
  const program = Object.entries(compressors).find(([magic]) => start.toString('hex').startsWith(magic))?.[1];
  if (program !== undefined)
    throw new Error(`${path} is compressed: unpack it with "${program}", and import what comes of it`);
}

/** What unpacks a file that begins so. */
const compressors = { '1f8b': 'gunzip', '28b52ffd': 'unzstd', fd377a58: 'unxz' };

/** `stuurman image list`. */
export async function listImages(options: ImageOptions): Promise<void> {
  const found = new Map<string, ListedImage>();
  const places = await withImages(options, async ({ runtime }, { name: node }) => {
    for (const { id, tags, sizeBytes } of await runtime.listImages()) {
      const { names = [], nodes = [] } = found.get(id) ?? {};
      found.set(id, { id, names: [...new Set([...names, ...tags])], sizeBytes, nodes: [...nodes, node] });
    }
  });
  const images = [...found.values()];
  const several = places.length > 1;
  if (options.output === 'json') print(JSON.stringify(images, undefined, 2));
  else if (options.output === 'yaml') print(dump(images));
  else {
    const rows = images.flatMap(({ id, names, sizeBytes, nodes }) =>
      (names.length === 0 ? ['<none>'] : names).map((name) => [
        name,
        id.replace('sha256:', '').slice(0, 12),
        `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`,
        ...(several ? [nodes.join(',')] : []),
      ]),
    );
    print(table(['IMAGE', 'ID', 'SIZE', ...(several ? ['NODES'] : [])], rows.sort()));
  }
}

/** Does something at each node of this machine; answers their places. */
async function withImages(
  options: ImageOptions,
  work: (parts: Awaited<ReturnType<typeof nodeImages>>, place: NodePlace) => Promise<void>,
): Promise<readonly NodePlace[]> {
  const environment = new RealEnvironment();
  const directory = dataDirectoryOf(options);
  clusterOf(directory);
  const places = startedPlaces(directory);
  if (places.length === 0) throw new Error(noNodes);
  for (const place of places) {
    const parts = await nodeImages({
      environment,
      logger: silentLogger,
      directory: place.directory,
      runDirectory: place.runDirectory,
      ledgerFile: join(directory.path, 'images-ledger.json'),
    });
    try {
      await work(parts, place);
    } finally {
      await parts.runtime.close();
    }
  }
  return places;
}
