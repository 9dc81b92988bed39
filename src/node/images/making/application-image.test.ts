import { expect, test } from 'vitest';
import { applicationImage } from './application-image.ts';
import type { PackageImage } from './image-kitchen.ts';
import { textFile } from './layer-entry.ts';

const base: PackageImage = {
  name: 'node',
  image: 'stuurman.local/node:26',
  packages: ['libc6'],
  ignored: [],
  ingredients: ['1', 'v26'],
  cook: async ({ architecture }) => ({
    names: ['stuurman.local/node:26'],
    architecture,
    layers: [[textFile('/usr/local/bin/node', 'node')]],
    entrypoint: [],
    command: ['node'],
    environment: { NODE_VERSION: '26' },
  }),
};
const shop = (text: string, mode = 0o644) =>
  applicationImage(base, {
    name: 'shop',
    image: 'stuurman.local/shop:1',
    files: [textFile('/app/main.js', text, mode)],
    command: ['node', '/app/main.js'],
    workingDirectory: '/app',
  });

test('adds a layer, a command and a name of its own to another image', async () => {
  const processes = { run: () => Promise.reject(new Error('nothing to run')) };
  const recipe = await shop('text').cook({ processes, architecture: 'amd64', root: '/nowhere' });
  expect(recipe).toMatchObject({
    names: ['stuurman.local/shop:1'],
    command: ['node', '/app/main.js'],
    workingDirectory: '/app',
    environment: { NODE_VERSION: '26' },
  });
  expect(recipe.layers.map((layer) => layer.map(({ path }) => path))).toEqual([
    ['/usr/local/bin/node'],
    ['/app/main.js'],
  ]);
  expect(recipe.user).toBeUndefined();
});

test('another text or mode makes another image', () => {
  const ingredients = (image: PackageImage) => image.ingredients.join();
  expect(ingredients(shop('a'))).toBe(ingredients(shop('a')));
  expect(ingredients(shop('a'))).not.toBe(ingredients(shop('b')));
  expect(ingredients(shop('a'))).not.toBe(ingredients(shop('a', 0o755)));
});
