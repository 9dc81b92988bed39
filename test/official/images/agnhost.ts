import { join } from 'node:path';
import type { ImageRecipe } from '../../../src/node/images/making/image-archive.ts';
import type { PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { directory, type LayerEntry, link, sourceFile, textFile } from '../../../src/node/images/making/layer-entry.ts';
import { debianSystem, debianTools, notToRun } from './debian-tools.ts';
import { type ImageOrder, nameLabel, shortNames } from './suite-image.ts';

const version = '1';

/** One program that does what a test asks of a pod, and the tools that tests call beside it. */
export async function agnhost(order: ImageOrder): Promise<PackageImage> {
  return agnhostWith(order, () => [], ['pause']);
}

/** The same with further files, of the suite's own images, and doing something else unless it is told. */
export async function agnhostWith(
  { image, programs }: ImageOrder,
  files: (images: string) => readonly LayerEntry[],
  command: readonly string[],
): Promise<PackageImage> {
  const program = await programs.ensure('agnhost');
  return {
    name: shortNames(image).tagged,
    image,
    packages: debianTools,
    ignored: notToRun,
    ingredients: [version, programs.key],
    cook: async ({ architecture, root }): Promise<ImageRecipe> => {
      const images = join(await programs.moduleFolder('k8s.io/kubernetes'), 'test', 'images');
      const certificate = (name: string) => sourceFile(`/${name}`, join(images, 'agnhost', 'porter', name));
      return {
        names: [image],
        architecture,
        layers: [
          await debianSystem(root),
          [
            sourceFile('/agnhost', program, 0o755),
            link('/agnhost-2', 'agnhost'),
            directory('/uploads'),
            ...['localhost.crt', 'localhost.key'].map(certificate),
            ...accounts(),
            ...files(images),
          ],
        ],
        entrypoint: ['/agnhost'],
        command,
        exposedPorts: ['80/tcp', '8080/tcp', '8081/tcp', '9376/tcp', '5000/tcp'],
        labels: nameLabel(image),
      };
    },
  };
}

/** A user whose supplemental group only the image knows, which tests of group policies look for. */
function accounts(): readonly LayerEntry[] {
  const passwd = [
    'root:x:0:0:root:/root:/bin/sh',
    'user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ];
  const group = [
    'root:x:0:',
    'user-defined-in-image:x:1000:',
    'group-defined-in-image:x:50000:user-defined-in-image',
    'nogroup:x:65534:',
  ];
  return [
    textFile('/etc/passwd', `${passwd.join('\n')}\n`),
    textFile('/etc/group', `${group.join('\n')}\n`),
    directory('/home/user-defined-in-image', 0o755, 1000, 1000),
  ];
}
