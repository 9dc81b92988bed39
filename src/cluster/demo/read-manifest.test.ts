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
  const map = (name: string) => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;
  const path = file(`${map('a')}\n---\n---\n{apiVersion: v1, kind: List, items: [${map('b')}, ${map('c')}]}\n`);
  const { objects } = readManifest(path);
  expect(objects.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(objects.map(({ type }) => type.resource)).toEqual(['configmaps', 'configmaps', 'configmaps']);
});

test('says what is wrong with a file, and where', () => {
  const path = file('kind: A\nmetadata: a: b\n');
  expect(() => readManifest(path)).toThrow(
    new RegExp(`^${path} is no valid YAML: line 2, column 12: bad indentation of a mapping entry$`),
  );
  expect(() => readManifest(file('- just\n- a list\n'))).toThrow('no object of Kubernetes');
  expect(() => readManifest(file('# nothing\n'))).toThrow(`the manifest ${path} has no objects in it`);
  expect(() => readManifest(file('apiVersion: v1\nkind: Pod\n'))).toThrow(`${path}: a Pod has no metadata.name`);
  expect(() => readManifest(file('apiVersion: v2\nkind: Pod\nmetadata: {name: a}\n'))).toThrow(
    `${path}: no matches for kind "Pod" in version "v2" (object a)`,
  );
  expect(() => readManifest(join(folder, 'none.yaml'))).toThrow(
    `the manifest ${join(folder, 'none.yaml')} does not exist`,
  );
  expect(() => readManifest(folder)).toThrow(`the manifest ${folder} is a directory: name the files in it`);
});
