import { connect } from 'node:net';
import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { clientOf, get, mirror, startServer } from '../../../test/support/http-ends.ts';
import { readHttpText } from '../http-body.ts';

test.each([false, true])('carry requests, each one its own (secure: %s)', async (secure) => {
  const server = await startServer(mirror, secure ? {} : { tls: undefined });
  let opened = 0;
  const open = () => {
    opened++;
    const [near, far] = duplexPair();
    far.pipe(connect(server.port, '127.0.0.1')).pipe(far);
    return near;
  };
  const client = clientOf(`${secure ? 'https' : 'http'}://10.9.9.9:80`, {
    open,
    tls: { insecureSkipVerify: true },
  });
  for (const path of ['/one', '/two']) expect(await readHttpText((await client.fetch(get(path))).body)).toContain(path);
  expect(opened).toBe(2);
});

test('fail as a socket does', async () => {
  const open = () => {
    throw Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' });
  };
  const failed = clientOf('http://10.9.9.9', { open }).fetch(get('/'));
  await expect(failed).rejects.toMatchObject({ name: 'ConnectionError', code: 'ECONNREFUSED', maybeSent: false });
});
