import { join } from 'node:path';
import { baseLayer } from '../../../src/node/images/making/base-layer.ts';
import { ignoredPackages, type PackageImage } from '../../../src/node/images/making/image-kitchen.ts';
import { link, sourceFile, textFile } from '../../../src/node/images/making/layer-entry.ts';
import { PackageTree } from '../../../src/node/images/making/package-tree.ts';
import { buildBusybox } from './busybox-program.ts';
import { type ImageOrder, nameLabel, shortNames } from './suite-image.ts';

/** Debian's names of its folders of libraries. */
const libraryFolders: Readonly<Record<string, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** BusyBox with all that its authors switch on, and glibc. */
export async function busybox({ image, cacheDirectory, say }: ImageOrder): Promise<PackageImage> {
  return {
    name: shortNames(image).tagged,
    image,
    packages: ['libc6'],
    ignored: ignoredPackages,
    ingredients: ['1'],
    cook: async ({ processes, architecture, root }) => {
      const program = await buildBusybox(processes, join(cacheDirectory, 'busybox'), say);
      const tree = new PackageTree(root);
      await tree.takeLibrariesOf(program);
      // Looking up a name loads these.
      for (const library of ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'])
        await tree.take(`/usr/lib/${libraryFolders[architecture]}/${library}`);
      const { stdout } = await processes.run([program, '--list'], { timeoutMs: 10_000 });
      const names = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
      return {
        names: [image],
        architecture,
        layers: [
          [
            ...baseLayer(),
            ...tree.entries(),
            sourceFile('/usr/bin/busybox', program, 0o755),
            ...names.map((name) => link(`/usr/bin/${name}`, 'busybox')),
            // The official one puts root into this group too, and tests print root's groups.
            textFile('/etc/group', 'root:x:0:\nwheel:x:10:root\nnogroup:x:65534:\n'),
          ],
        ],
        entrypoint: [],
        command: ['sh'],
        labels: nameLabel(image),
      };
    },
  };
}
