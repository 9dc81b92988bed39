import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { debianSystem, debianTools, notToRun } from './debian-tools.ts';
import { type ImageOrder, nameLabel, shortNames } from './suite-image.ts';

/** `dig`, `getent` and `hostname` upon glibc, for names that are looked up as Debian does it. */
export async function glibcDnsTesting({ image }: ImageOrder): Promise<PackageImage> {
  return {
    name: shortNames(image).tagged,
    image,
    packages: debianTools,
    ignored: notToRun,
    ingredients: ['1'],
    cook: async ({ architecture, root }) => ({
      names: [image],
      architecture,
      layers: [await debianSystem(root)],
      entrypoint: [],
      command: ['bash'],
      labels: nameLabel(image),
    }),
  };
}
