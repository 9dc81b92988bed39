import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pinoLogger } from './pino-logger.ts';

test('writes one line of JSON for each message', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-log-'));
  const file = join(folder, 'deep', 'agent.log');
  pinoLogger({ level: 'info', file, name: 'agent' }).child({ node: 'a' }).info('hello', { count: 1 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ part: 'agent', node: 'a', count: 1, msg: 'hello' });
  rmSync(folder, { recursive: true });
});

test('a full disk is no reason to end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-log-'));
  symlinkSync('/dev/full', join(folder, 'agent.log'));
  const logger = pinoLogger({ level: 'info', file: join(folder, 'agent.log'), name: 'agent' });
  for (let line = 0; line < 10; line++) logger.info('not written');
  rmSync(folder, { recursive: true });
});
