import { baseLayer } from './base-layer.ts';
import { busyboxPackage, busyboxTools } from './busybox-tools.ts';
import { ignoredPackages, type PackageImage } from './image-kitchen.ts';
import { sourceFile } from './layer-entry.ts';
import { PackageTree } from './package-tree.ts';

const account = { name: 'node', id: 1000, home: '/home/node' };

/** Node.js from a program on this machine (npm's platform package), with the libraries it needs from Debian. */
export function nodeImage(program: string, version: string): PackageImage {
  const image = `stuurman.local/node:${version.replace(/^v/, '').split('.')[0]}`;
  return {
    name: 'node',
    image,
    packages: ['libstdc++6', 'libgcc-s1', 'libatomic1', 'libc6', busyboxPackage],
    ignored: ignoredPackages,
    ingredients: ['1', version],
    cook: async ({ processes, architecture, root }) => {
      const tree = new PackageTree(root);
      await tree.takeLibrariesOf(program);
      return {
        names: [image],
        architecture,
        // The program, which rarely changes, apart from what the machine's updates change.
        layers: [
          [...baseLayer([account]), ...(await busyboxTools(processes, root)), ...tree.entries()],
          [sourceFile('/usr/local/bin/node', program, 0o755)],
        ],
        entrypoint: [],
        command: ['node'],
        environment: { NODE_VERSION: version.replace(/^v/, '') },
      };
    },
  };
}
