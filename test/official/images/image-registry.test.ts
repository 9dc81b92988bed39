import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeImageArchive } from '../../../src/node/images/making/image-archive.ts';
import { textFile } from '../../../src/node/images/making/layer-entry.ts';
import { ImageRegistry } from './image-registry.ts';

test('a registry serves the images of archives under their names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-registry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const archives: string[] = [];
  const digests: string[] = [];
  for (const name of ['a.test/one:1', 'b.test/folder/two:2.5']) {
    const archive = join(folder, `${archives.length}.tar`);
    const layers = [[textFile('/name', name), textFile('/long', 'x'.repeat(2000))]];
    digests.push(
      await writeImageArchive({ names: [name], architecture: 'amd64', layers, entrypoint: ['/x'] }, archive),
    );
    archives.push(archive);
  }
  const registry = await ImageRegistry.start(archives, '127.0.0.1');
  onTestFinished(() => registry.close());
  expect(registry.hosts).toEqual(['a.test', 'b.test']);
  const ask = (path: string, method = 'GET') => fetch(`${registry.url}/v2/${path}`, { method });

  const head = await ask('folder/two/manifests/2.5?ns=b.test', 'HEAD');
  expect(Object.fromEntries(head.headers)).toMatchObject({
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
    'docker-content-digest': digests[1],
  });
  const manifest = await (await ask(`folder/two/manifests/${digests[1]}?ns=b.test`)).json();
  expect(head.headers.get('content-length')).toBe(String(JSON.stringify(manifest).length));
  const { digest, size } = (manifest as { layers: { digest: string; size: number }[] }).layers[0] ?? {};
  const layer = await (await ask(`folder/two/blobs/${digest}?ns=b.test`)).text();
  expect(layer).toHaveLength(size ?? -1);
  expect(layer).toContain('b.test/folder/two:2.5');

  expect((await ask('')).status).toBe(200);
  for (const missing of ['one/manifests/1', 'one/manifests/1?ns=b.test', 'one/manifests/2?ns=a.test', 'one/tags/list'])
    expect((await ask(missing)).status, missing).toBe(404);
  expect((await ask('one/manifests/1?ns=a.test', 'PUT')).status).toBe(405);
});
