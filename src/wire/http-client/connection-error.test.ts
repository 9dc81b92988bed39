import { expect, test } from 'vitest';
import { clientOf, get, mirror, startRawServer, startServer } from '../../../test/support/http-ends.ts';
import { readHttpBody } from '../http-body.ts';
import { ConnectionError } from './connection-error.ts';

test('a refused connection says so, and that nothing was sent', async () => {
  const server = await startServer(mirror);
  const url = `https://127.0.0.1:${server.port}`;
  await server.close();
  const error = await clientOf(url)
    .fetch(get('/'))
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ message: `${url}: connection refused`, code: 'ECONNREFUSED', maybeSent: false });
});

test('a server that never finishes its handshake is given up', async () => {
  const port = await startRawServer(() => undefined);
  const client = clientOf(`https://127.0.0.1:${port}`, { limits: { connectMs: 30 } });
  await expect(client.fetch(get('/'))).rejects.toMatchObject({ code: 'ETIMEDOUT', maybeSent: false });
});

test('a connection that breaks before the answer may have done the work', async () => {
  const port = await startRawServer((socket) => socket.once('data', () => socket.destroy()));
  const error = await clientOf(`http://127.0.0.1:${port}`)
    .fetch(get('/'))
    .catch((error: unknown) => error);
  expect(error).toMatchObject({ code: 'ECONNRESET', maybeSent: true, reused: false });
});

test('what is closed while it waits on a kept connection fails, and is not sent again', async () => {
  let connections = 0;
  let requests = 0;
  const asked = Promise.withResolvers<void>();
  const port = await startRawServer((socket) => {
    connections++;
    socket.on('data', () => {
      if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      else asked.resolve();
    });
  });
  const client = clientOf(`http://127.0.0.1:${port}`);
  await client.fetch(get('/'));
  const waiting = client.fetch(get('/')).catch((error: unknown) => error);
  await asked.promise;
  client.close();
  expect(await waiting).toMatchObject({ name: 'ConnectionError', reused: true });
  expect([connections, requests]).toEqual([1, 2]);
});

test('a kept connection that was closed meanwhile is replaced for reads, not for writes', async () => {
  let connections = 0;
  const port = await startRawServer((socket) => {
    connections++;
    let requests = 0;
    socket.on('data', () => {
      requests++;
      if (requests > 1) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  const client = clientOf(`http://127.0.0.1:${port}`);
  await client.fetch(get('/'));
  expect(await client.fetch(get('/'))).toMatchObject({ status: 200 });
  expect(connections).toBe(2);
  await expect(client.fetch({ ...get('/'), method: 'POST' })).rejects.toMatchObject({ reused: true });
});

/** Answers one request on each connection, the first two at the same time, and breaks off at the next. */
async function forgetful() {
  let connections = 0;
  const both = Promise.withResolvers<void>();
  const port = await startRawServer((socket) => {
    const isEarly = ++connections <= 2;
    if (connections === 2) both.resolve();
    socket.once('data', async () => {
      if (isEarly) await both.promise;
      socket.once('data', () => socket.destroy());
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  return { port, count: () => connections };
}

test('a read is repeated on a new connection, for others that were kept may be as dead', async () => {
  const { port, count } = await forgetful();
  const client = clientOf(`http://127.0.0.1:${port}`);
  await Promise.all([client.fetch(get('/')), client.fetch(get('/'))]);
  expect(await client.fetch(get('/'))).toMatchObject({ status: 200 });
  expect(count()).toBe(3);
});

test('a write that met a dead connection is not repeated, and the next does not meet another', async () => {
  const { port, count } = await forgetful();
  const client = clientOf(`http://127.0.0.1:${port}`);
  const post = () => client.fetch({ ...get('/'), method: 'POST' });
  await Promise.all([post(), post()]);
  await expect(post()).rejects.toMatchObject({ reused: true });
  expect(await post()).toMatchObject({ status: 200 });
  expect(count()).toBe(3);
});

test('an upgrade meets no dead connection, for it is never sent over one that was kept', async () => {
  const { port, count } = await forgetful();
  const client = clientOf(`http://127.0.0.1:${port}`);
  await Promise.all([client.fetch(get('/')), client.fetch(get('/'))]);
  expect(await client.upgrade(get('/', { headers: { upgrade: 'shout' } }))).toMatchObject({ status: 200 });
  expect(count()).toBe(3);
});

test('a body that breaks off is an error, not an end', async () => {
  const port = await startRawServer((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
      socket.end();
    }),
  );
  const { body } = await clientOf(`http://127.0.0.1:${port}`).fetch(get('/'));
  await expect(readHttpBody(body)).rejects.toThrow('aborted');
});
