import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../../machinery/environment/virtual.ts';
import type { PackageImage } from './image-kitchen.ts';
import { LocalImages } from './local-images.ts';
import { PackageTree } from './package-tree.ts';

const recipe = (ingredients: readonly string[] = []): PackageImage => ({
  name: 'tool',
  image: 'stuurman.local/tool:1',
  packages: ['tool'],
  ignored: [],
  ingredients,
  cook: async ({ root, architecture }) => {
    const tree = new PackageTree(root);
    await tree.take('/usr/share/tool');
    return { names: ['stuurman.local/tool:1'], architecture, layers: [tree.entries()], entrypoint: ['/tool'] };
  },
});

describe('LocalImages', () => {
  let cache: string;
  let known: Set<string>;
  let imported: string[];
  let images: LocalImages;
  /** What the package's file holds: an update changes it. */
  let release: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'stuurman-local-images-'));
    known = new Set();
    imported = [];
    release = 'first';
    images = new LocalImages({
      environment: new VirtualEnvironment(1),
      architecture: 'amd64',
      cacheDirectory: cache,
      processes: { run },
      runtime: {
        imageStatus: async (id) =>
          known.has(id)
            ? { id, tags: [id], digests: [], sizeBytes: 1, uid: undefined, username: '', pinned: false }
            : undefined,
      },
      containerd: {
        importImage: async (archive) => {
          expect(existsSync(archive)).toBe(true);
          imported.push(archive.slice(cache.length + 1));
          return [];
        },
      },
    });
  });
  afterEach(() => rmSync(cache, { recursive: true }));

  /** apt and dpkg with one package. */
  async function run(command: readonly string[]) {
    const stdout = `Package: tool\nVersion: ${release}\nArchitecture: all\nSHA256: ${createHash('sha256').update(release).digest('hex')}\n`;
    if (command[0] === 'sh') writeFileSync(join(command[3] ?? '', `tool_${release}_all.deb`), release);
    if (command[0] === 'dpkg-deb') {
      mkdirSync(join(command[3] ?? '', 'usr/share/tool'), { recursive: true });
      writeFileSync(join(command[3] ?? '', 'usr/share/tool/data'), release);
    }
    return { code: 0, stdout: command[0] === 'apt-cache' ? stdout : '', stderr: '' };
  }

  test('imports the sandbox image where it is missing', async () => {
    await images.ensureSandboxImage();
    known.add('stuurman.local/pause:1');
    await images.ensureSandboxImage();
    expect(imported).toEqual(['images/pause.tar']);
  });

  test('makes an image once, and again when its packages or its recipe have changed', async () => {
    expect(await images.ensure(recipe())).toBe('imported');
    expect(await images.ensure(recipe())).toBe('imported');
    expect(new Set(imported).size).toBe(1);
    release = 'second';
    await images.ensure(recipe());
    await images.ensure(recipe(['other']));
    expect(new Set(imported).size).toBe(3);
    expect(readdirSync(join(cache, 'images'))).toEqual([imported.at(-1)?.replace('images/', '')]);
    expect(readdirSync(cache).sort()).toEqual(['images', 'packages']);
    known.add('stuurman.local/tool:1');
    expect(await images.ensure(recipe())).toBe('present');
  });

  test('leaves nothing half-done when an image cannot be made', async () => {
    const broken = { ...recipe(), cook: () => Promise.reject(new Error('burnt')) };
    await expect(images.ensure(broken)).rejects.toThrow('burnt');
    expect(readdirSync(join(cache, 'images'))).toEqual([]);
    expect(readdirSync(cache).sort()).toEqual(['images', 'packages']);
  });
});
