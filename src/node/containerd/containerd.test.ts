import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { containerdConfig } from './containerd-config.ts';
import { findContainerdPrograms } from './find-programs.ts';
import { fullName, importedNames } from './import-image.ts';
import { checkVersion, mayLowerOomScore } from './private-containerd.ts';
import { descendants } from './remains.ts';

describe('finding the programs', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stuurman-programs-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const program = (path: string, mode = 0o755) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
    chmodSync(join(root, path), mode);
  };

  test('names what is missing; the first folder of plugins that is complete counts', async () => {
    for (const name of ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc']) program(`bin/${name}`);
    program('other/cni/bridge');
    for (const name of ['bridge', 'host-local', 'loopback']) program(`cni/${name}`);
    const search = { path: `${root}/nothing:${root}/bin`, cniFolders: [`${root}/other/cni`, `${root}/cni`] };
    expect(await findContainerdPrograms(search)).toEqual({
      found: {
        containerd: `${root}/bin/containerd`,
        shim: `${root}/bin/containerd-shim-runc-v2`,
        runc: `${root}/bin/runc`,
        ctr: `${root}/bin/ctr`,
        cniDirectory: `${root}/cni`,
      },
    });
    const incomplete = await findContainerdPrograms({ ...search, cniFolders: [`${root}/other/cni`] });
    expect(incomplete).toEqual({ missing: ['the CNI plugins'] });
  });
});

test('the configuration keeps everything in our own folders', () => {
  const text = containerdConfig({
    root: '/data/root',
    state: '/run/x/state',
    socket: '/run/x/containerd.sock',
    sandboxImage: 'stuurman.local/pause:1',
    cniBinDirectory: '/usr/lib/cni',
    cniConfDirectory: '/data/with "quotes"',
    runc: '/usr/sbin/runc',
    registryDirectories: ['/data/certs.d', '/other'],
    snapshotter: 'native',
    additions: ['[plugins.a]\n  b = 1', '[plugins.c]\n'],
    restrictOomScoreAdj: true,
  });
  expect(text.endsWith('\n\n[plugins.a]\n  b = 1\n\n[plugins.c]\n')).toBe(true);
  expect(text).toContain('conf_dir = "/data/with \\"quotes\\""');
  expect(text).toContain('Root = "/run/x/state/runc"');
  expect(text).toContain('path = "/data/root/opt"');
  expect(text).toContain('restrict_oom_score_adj = true');
  expect(text).toContain('config_path = "/data/certs.d:/other"');
  expect(text).not.toMatch(/\/var\/lib|\/opt\/containerd|\/etc\//);
});

test.each([
  ['1.6.20~ds1', true],
  ['v1.7.0', true],
  ['2.1.0', true],
  ['unknown', true],
  ['1.5.9', false],
])('containerd %s is new enough: %s', (version, fits) => {
  if (fits) checkVersion(version);
  else expect(() => checkVersion(version)).toThrow('containerd 1.5.9 is too old: 1.6 or later is needed');
});

test.each([
  ['000001ffffffffff', true],
  ['000001fffeffffff', false],
  ['0000000000000000', false],
])('capabilities %s allow lowering an OOM score: %s', (set, may) => {
  expect(mayLowerOomScore(`Name:\tnode\nCapEff:\t${set}\nCapBnd:\t000001ffffffffff\n`)).toBe(may);
});

test('reads the names of imported images', () => {
  const output = `unpacking stuurman.local/pause:1 (sha256:f3dc)...done
unpacking docker.io/library/nginx:1 (sha256:0123)...\tdone
something else
`;
  expect(importedNames(output)).toEqual(['stuurman.local/pause:1', 'docker.io/library/nginx:1']);
});

test.each([
  ['stuurman.local/pause:1', 'stuurman.local/pause:1'],
  ['shop/web:2', 'docker.io/shop/web:2'],
  ['web', 'docker.io/library/web:latest'],
  [`shop/web@sha256:${'0'.repeat(64)}`, `docker.io/shop/web@sha256:${'0'.repeat(64)}`],
])('an image that an archive calls %s is %s', (given, full) => {
  expect(fullName(given)).toBe(full);
});

test('finds everything below a process, in whatever order it is listed', () => {
  const tree = [
    { pid: 5, parent: 4 },
    { pid: 4, parent: 2 },
    { pid: 2, parent: 1 },
    { pid: 3, parent: 1 },
    { pid: 6, parent: 3 },
  ];
  expect([...descendants(tree, new Set([2]))].sort()).toEqual([4, 5]);
  expect([...descendants(tree, new Set([9]))]).toEqual([]);
});
