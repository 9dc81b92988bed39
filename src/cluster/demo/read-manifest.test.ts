import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readManifest } from './read-manifest.ts';

const folder = mkdtempSync(join(tmpdir(), 'stuurman-manifests-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'm.yaml');
  writeFileSync(path, text);
  return path;
}

test('reads the objects of all documents', () => {
  const path = file('kind: A\nmetadata: {name: a}\n---\n---\nkind: B\nmetadata: {name: b}\n');
  expect(readManifest(path).map(({ kind }) => kind)).toEqual(['A', 'B']);
});

test('says what is wrong with a file, and where', () => {
  const path = file('kind: A\nmetadata: a: b\n');
  expect(() => readManifest(path)).toThrow(
    new RegExp(`^${path} is no valid YAML: line 2, column 12: bad indentation of a mapping entry$`),
  );
  expect(() => readManifest(file('- just\n- a list\n'))).toThrow('no object of Kubernetes');
  expect(() => readManifest(join(folder, 'none.yaml'))).toThrow(
    `the manifest ${join(folder, 'none.yaml')} does not exist`,
  );
  expect(() => readManifest(folder)).toThrow(`the manifest ${folder} is a directory: name the files in it`);
});
