import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolvConfFile } from './resolv-conf-file.ts';

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'stuurman-resolv-'));
  writeFileSync(at('stub'), 'nameserver 127.0.0.53\noptions edns0 trust-ad\n');
  writeFileSync(at('mixed'), 'nameserver 127.0.0.1\nnameserver 192.0.2.1\n');
  writeFileSync(at('empty'), 'search example.com\n');
  writeFileSync(at('behind'), 'nameserver 192.0.2.1\n');
});
afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ['the stub of systemd-resolved', 'stub', 'behind', 'behind'],
  ['a loopback resolver of another kind', 'stub', 'missing', 'stub'],
  ['a server that others reach too', 'mixed', 'behind', 'mixed'],
  ['no server at all', 'empty', 'behind', 'empty'],
  ['no file', 'missing', 'behind', 'missing'],
])('with %s', (_, usual, behind, chosen) => {
  expect(resolvConfFile(at(usual), at(behind))).toBe(at(chosen));
});
