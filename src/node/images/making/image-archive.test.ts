import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeImageArchive } from './image-archive.ts';
import { directory, link, textFile } from './layer-entry.ts';

describe('an image archive', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-image-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const long = `/usr/share/${'a-long-name/'.repeat(12)}file`;
  const recipe = () => ({
    names: ['stuurman.local/test:1', 'stuurman.local/test:other'],
    architecture: 'amd64',
    layers: [
      [
        textFile('/etc/motd', 'welcome\n'),
        directory('/tmp', 0o1777),
        link('/bin', 'usr/bin'),
        textFile(long, 'deep\n', 0o600),
        { type: 'file' as const, path: '/data', mode: 0o640, uid: 7, gid: 8, content: { source: join(root, 'data') } },
      ],
      [textFile('/etc/motd', 'over it\n')],
    ],
    entrypoint: ['/start'],
    command: ['now'],
    environment: { COLOUR: 'blue' },
    user: '7:8',
    stopSignal: 'SIGQUIT',
    volumes: ['/data'],
  });
  const unpack = (archive: string, into: string) => {
    mkdirSync(join(root, into));
    execFileSync('tar', ['-xf', archive, '-C', join(root, into)]);
    return join(root, into);
  };
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
  const digestOf = (path: string) => `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;

  test('is an OCI layout whose digests and sizes are true, with Docker’s list beside it', async () => {
    writeFileSync(join(root, 'data'), 'x'.repeat(3_000_000));
    const digest = await writeImageArchive(recipe(), join(root, 'image.tar'));
    const folder = unpack(join(root, 'image.tar'), 'unpacked');
    expect(json(join(folder, 'oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    const index = json(join(folder, 'index.json'));
    expect(index.manifests.map((each: { annotations: object }) => each.annotations)).toEqual([
      { 'io.containerd.image.name': 'stuurman.local/test:1', 'org.opencontainers.image.ref.name': '1' },
      { 'io.containerd.image.name': 'stuurman.local/test:other', 'org.opencontainers.image.ref.name': 'other' },
    ]);
    expect(index.manifests[0].digest).toBe(digest);
    const blob = (name: string) => join(folder, 'blobs/sha256', name.slice(7));
    const manifest = json(blob(digest));
    for (const each of [index.manifests[0], manifest.config, ...manifest.layers]) {
      expect(digestOf(blob(each.digest))).toBe(each.digest);
      expect(readFileSync(blob(each.digest)).length).toBe(each.size);
    }
    const config = json(blob(manifest.config.digest));
    expect(config.rootfs.diff_ids).toEqual(manifest.layers.map((each: { digest: string }) => each.digest));
    expect(config.config).toEqual({
      Entrypoint: ['/start'],
      Cmd: ['now'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'COLOUR=blue'],
      User: '7:8',
      StopSignal: 'SIGQUIT',
      Volumes: { '/data': {} },
    });
    expect(json(join(folder, 'manifest.json'))[0].RepoTags).toEqual(recipe().names);

    const listing = execFileSync('tar', ['--numeric-owner', '-tvf', blob(manifest.layers[0].digest)]).toString();
    const columns = listing
      .trim()
      .split('\n')
      .map((line) => line.split(/ +/));
    expect(columns.map(([mode, owner, , , , ...path]) => `${mode} ${owner} ${path.join(' ')}`)).toEqual([
      'lrwxrwxrwx 0/0 bin -> usr/bin',
      '-rw-r----- 7/8 data',
      'drwxr-xr-x 0/0 etc/',
      '-rw-r--r-- 0/0 etc/motd',
      'drwxrwxrwt 0/0 tmp/',
      'drwxr-xr-x 0/0 usr/',
      'drwxr-xr-x 0/0 usr/share/',
      ...Array.from({ length: 12 }, (_, depth) => `drwxr-xr-x 0/0 usr/share/${'a-long-name/'.repeat(depth + 1)}`),
      `-rw------- 0/0 ${long.slice(1)}`,
    ]);
    const layer = unpack(blob(manifest.layers[0].digest), 'layer');
    expect(readFileSync(join(layer, long), 'utf8')).toBe('deep\n');
    expect(readFileSync(join(layer, 'data')).length).toBe(3_000_000);
  });

  test('the same recipe gives the same bytes, whatever the order of the files', async () => {
    writeFileSync(join(root, 'data'), 'content');
    const turned = { ...recipe(), layers: recipe().layers.map((layer) => [...layer].reverse()) };
    const first = await writeImageArchive(recipe(), join(root, 'a.tar'));
    const second = await writeImageArchive(turned, join(root, 'b.tar'));
    expect(second).toBe(first);
    expect(readFileSync(join(root, 'a.tar')).equals(readFileSync(join(root, 'b.tar')))).toBe(true);
  });

  test('a recipe that fails leaves no file', async () => {
    await expect(writeImageArchive(recipe(), join(root, 'image.tar'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => readFileSync(join(root, 'image.tar'))).toThrow('ENOENT');
    expect(() => readFileSync(join(root, 'image.tar.part'))).toThrow('ENOENT');
  });
});
