import { createHash } from 'node:crypto';
import type { PackageImage } from './image-kitchen.ts';
import type { LayerEntry } from './layer-entry.ts';

export interface Application {
  /** As on the command line: `shop`. */
  readonly name: string;
  /** The name that manifests use: `stuurman.local/shop:1`. */
  readonly image: string;
  /** Small enough to be held in memory. */
  readonly files: readonly LayerEntry[];
  readonly command: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
}

/** An image with an application's files upon those of another, say that of Node.js. */
export function applicationImage(base: PackageImage, application: Application): PackageImage {
  const { name, image, files, command, workingDirectory, user } = application;
  return {
    ...base,
    name,
    image,
    ingredients: [...base.ingredients, digestOf(files), JSON.stringify([command, workingDirectory, user])],
    cook: async (kitchen) => {
      const recipe = await base.cook(kitchen);
      return {
        ...recipe,
        names: [image],
        layers: [...recipe.layers, files],
        entrypoint: [],
        command,
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
        ...(user === undefined ? {} : { user }),
      };
    },
  };
}

function digestOf(files: readonly LayerEntry[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(JSON.stringify({ ...file, content: undefined }));
    if (file.type !== 'file') continue;
    hash.update(file.content instanceof Uint8Array ? file.content : file.content.source);
  }
  return hash.digest('hex');
}
