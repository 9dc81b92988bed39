import { join } from 'node:path';
import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { sourceFile, textFile } from '../../../src/node/images/making/layer-entry.ts';
import { agnhostWith } from './agnhost.ts';
import { type ImageOrder, shortNames } from './suite-image.ts';

/** `nautilus` and `kitten`: two versions of an application that serves its picture, which tests update from one to the other. */
export function updateDemo(order: ImageOrder): Promise<PackageImage> {
  const { repository } = shortNames(order.image);
  const files = (images: string) =>
    [`${repository}.jpg`, 'data.json'].map((name) => sourceFile(`/${name}`, join(images, repository, 'html', name)));
  // A test mounts one as a volume and looks for the name of the system that the official one is made upon.
  const system = textFile('/etc/os-release', 'NAME="Alpine Linux"\nID=alpine\n');
  return agnhostWith(order, (images) => [...files(images), system], ['test-webserver']);
}
