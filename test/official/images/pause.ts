import { ignoredPackages, type PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { pauseImage } from '../../../src/node/images/making/pause-image.ts';
import { type ImageOrder, nameLabel, shortNames } from './suite-image.ts';

/** A container that does nothing until it is ended. */
export async function pause({ image }: ImageOrder): Promise<PackageImage> {
  return {
    name: shortNames(image).tagged,
    image,
    packages: [],
    ignored: ignoredPackages,
    ingredients: ['1'],
    cook: async ({ architecture }) => ({ ...pauseImage(architecture), names: [image], labels: nameLabel(image) }),
  };
}
