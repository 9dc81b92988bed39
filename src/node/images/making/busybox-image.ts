import { baseLayer } from './base-layer.ts';
import { busyboxPackage, busyboxTools } from './busybox-tools.ts';
import { ignoredPackages, type PackageImage } from './image-kitchen.ts';
import { PackageTree } from './package-tree.ts';

/** Debian's names of its folders of libraries. */
const libraryFolders: Readonly<Record<string, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** A shell and the usual small tools. */
export const busyboxImage: PackageImage = {
  name: 'busybox',
  image: 'stuurman.local/busybox:1',
  packages: [busyboxPackage, 'libc6'],
  ignored: ignoredPackages,
  ingredients: ['2'],
  cook: async ({ processes, architecture, root }) => {
    const tree = new PackageTree(root);
    // Though it is linked statically, looking up a name loads these, and crashes without them.
    for (const library of ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2', 'libc.so.6']) {
      await tree.take(`/usr/lib/${libraryFolders[architecture]}/${library}`);
    }
    return {
      names: [busyboxImage.image],
      architecture,
      layers: [[...baseLayer(), ...(await busyboxTools(processes, root)), ...tree.entries()]],
      entrypoint: [],
      command: ['sh'],
    };
  },
};
