import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { nginxImage } from '../../../src/node/images/making/nginx-image.ts';
import { type ImageOrder, nameLabel, shortNames } from './suite-image.ts';

/** Our own image of nginx, under the names that the suite has for it. */
export async function nginx({ image }: ImageOrder): Promise<PackageImage> {
  const cook: PackageImage['cook'] = async (kitchen) => ({
    ...(await nginxImage.cook(kitchen)),
    names: [image],
    labels: nameLabel(image),
  });
  return { ...nginxImage, name: shortNames(image).tagged, image, cook };
}
