import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../test/support/environment.ts';
import { connectionPair } from './connection-pair.ts';
import { IdleBound } from './idle-bound.ts';
import { SpdyConnection } from './spdy/spdy-connection.ts';
import { WebSocketConnection } from './websocket/websocket-connection.ts';

const hours = (count: number) => count * 3_600_000;

test('silence for four hours is the end, and not a moment of them in a long life', async () => {
  const environment = virtualEnvironment(1);
  let idle = 0;
  const bound = new IdleBound(environment, () => idle++);
  for (let each = 0; each < 10; each++) {
    await environment.advance(hours(3));
    bound.touch();
  }
  expect(idle).toBe(0);
  await environment.advance(hours(8));
  expect(idle).toBe(1);
  await environment.advance(hours(100));
  expect(idle).toBe(1);
});

test('one that was stopped calls nobody', async () => {
  const environment = virtualEnvironment(1);
  let idle = 0;
  new IdleBound(environment, () => idle++).stop();
  await environment.advance(hours(100));
  expect(idle).toBe(0);
});

test('connections of streams end by it, and live while something goes', async () => {
  const environment = virtualEnvironment(1);
  const [left, right] = connectionPair();
  const server = new SpdyConnection(left, { role: 'server', idle: environment });
  const client = new SpdyConnection(right, { role: 'client' });
  const [near, far] = connectionPair();
  const listener = new WebSocketConnection(near, { idle: environment, onMessage: () => undefined });
  far.resume();
  for (let each = 0; each < 5; each++) {
    await environment.advance(hours(3));
    await client.ping();
    listener.send(Buffer.from('x'), 'text', () => undefined);
  }
  expect([left.destroyed, near.destroyed]).toEqual([false, false]);
  await environment.advance(hours(9));
  await Promise.all([server.closed, listener.closed]);
});
