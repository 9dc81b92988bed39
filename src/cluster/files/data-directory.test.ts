import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
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
