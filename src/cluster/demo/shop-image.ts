import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PackageImage } from '../../node/images/making/image-kitchen.ts';
import { nodeImage } from '../../node/images/making/node-image.ts';

/** The application of the shop: Node.js and its bundled program. */
export function shopImage(nodeProgram: string, nodeVersion: string, bundle: string): PackageImage {
  const base = nodeImage(nodeProgram, nodeVersion);
  const image = 'stuurman.local/shop:1';
  const digest = createHash('sha256').update(readFileSync(bundle)).digest('hex');
  return {
    ...base,
    name: 'shop',
    image,
    ingredients: [...base.ingredients, digest],
    cook: async (kitchen) => {
      const recipe = await base.cook(kitchen);
      return {
        ...recipe,
        names: [image],
        layers: [
          ...recipe.layers,
          [{ type: 'file', path: '/app/shop.js', mode: 0o644, uid: 0, gid: 0, content: { source: bundle } }],
        ],
        command: ['node', '/app/shop.js'],
        exposedPorts: ['8080/tcp'],
      };
    },
  };
}
