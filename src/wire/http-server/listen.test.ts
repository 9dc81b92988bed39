import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { say, startServer } from '../../../test/support/http-ends.ts';

test('one that is in use is a clear error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  await expect(startServer(async () => say(''), { address: { host: '127.0.0.1', port } })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the address is in use by another process`,
  );
  await expect(startServer(async () => say(''), { address: { host: '192.0.2.1', port } })).rejects.toThrow(
    `cannot listen on 192.0.2.1:${port}: this machine does not have the address`,
  );
});

test('a unix socket: private, taken over when stale, refused when alive', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'wire-')), 'api.sock');
  const dead = createServer().listen(path);
  await once(dead, 'listening');
  // A killed process leaves the file; Node removes it on an orderly close, so it is put back.
  dead.close();
  await once(dead, 'close');
  writeFileSync(path, '');
  const server = await startServer(async () => say('over unix'), { tls: undefined, address: { path } });
  const request = httpRequest({ socketPath: path, agent: false }).end();
  const [response] = await once(request, 'response');
  expect(await text(response)).toBe('over unix');
  await expect(startServer(async () => say(''), { tls: undefined, address: { path } })).rejects.toThrow('in use');
  await server.close();
  expect(existsSync(path)).toBe(false);
});
