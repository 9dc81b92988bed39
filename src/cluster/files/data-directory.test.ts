import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serverProcess } from '../server/running-server.ts';
import { DataDirectory } from './data-directory.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'data-'));
});
afterEach(() => rmSync(path, { recursive: true }));

test('a cluster begins where images were made for an earlier one, and not among the things of others', () => {
  mkdirSync(join(path, 'cache'));
  expect(() => new DataDirectory(path).refuseForeign()).not.toThrow();
  writeFileSync(join(path, 'letter.txt'), '');
  expect(() => new DataDirectory(path).refuseForeign()).toThrow('other things (letter.txt)');
});

test('what is written stands alone, and is not written again while it says the same', () => {
  const directory = new DataDirectory(path);
  const file = join(path, 'pki', 'key.pem');
  directory.write(file, 'one');
  const { ino, mode } = statSync(file);
  expect(mode & 0o777).toBe(0o600);
  directory.write(file, 'one');
  expect(statSync(file).ino).toBe(ino);
  directory.write(file, 'two');
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(readdirSync(join(path, 'pki'))).toEqual(['key.pem']);
});

test('a damaged file is told with what to do', () => {
  const directory = new DataDirectory(path);
  for (const file of [directory.clusterFile, directory.serverFile]) writeFileSync(file, '{');
  expect(() => directory.readFormat(directory.clusterFile, 1)).toThrow('cluster.json is damaged: restore it');
  expect(() => serverProcess(directory)).toThrow('server.json is damaged: remove it when no "stuurman up"');
});
