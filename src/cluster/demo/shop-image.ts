import { readFileSync } from 'node:fs';
import { applicationImage } from '../../node/images/making/application-image.ts';
import type { PackageImage } from '../../node/images/making/image-kitchen.ts';
import { nodeImage } from '../../node/images/making/node-image.ts';

/** The application of the shop: its bundled program upon the image of Node.js. */
export function shopImage(nodeProgram: string, nodeVersion: string, bundle: string): PackageImage {
  return applicationImage(nodeImage(nodeProgram, nodeVersion), {
    name: 'shop',
    image: 'stuurman.local/shop:1',
    files: [{ type: 'file', path: '/app/shop.js', mode: 0o644, uid: 0, gid: 0, content: readFileSync(bundle) }],
    command: ['node', '/app/shop.js'],
  });
}
