import { expect, test } from 'vitest';
import type { HttpRequest } from '../../wire/http.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import { FailOverTarget } from './fail-over-target.ts';

type State = 'up' | 'refuses' | 'breaks';
const request: HttpRequest = { method: 'GET', path: '/', headers: {} };

function serversWith(states: Record<string, State>) {
  const asked: string[] = [];
  const closed: string[] = [];
  const target = new FailOverTarget({
    servers: () => Object.keys(states),
    connect: (server) => {
      const send = async () => {
        asked.push(server);
        if (states[server] === 'up') return { status: 200, headers: {} } as const;
        const error = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
        throw new ConnectionError(server, error, states[server] === 'breaks');
      };
      return { fetch: send, upgrade: send, close: () => closed.push(server) };
    },
  });
  return { target, asked, closed };
}

test('stays with the address that answers, and finds it', async () => {
  const { target, asked } = serversWith({ a: 'refuses', b: 'up', c: 'up' });
  await target.fetch(request);
  await target.fetch(request);
  expect(asked).toEqual(['a', 'b', 'b']);
});

test('goes round once, then throws the last error', async () => {
  const { target, asked } = serversWith({ a: 'refuses', b: 'refuses' });
  await expect(target.fetch(request)).rejects.toThrow('b: ');
  expect(asked).toEqual(['a', 'b']);
});

test('a request that may have arrived is not repeated, but the next one goes elsewhere', async () => {
  const { target, asked } = serversWith({ a: 'breaks', b: 'up' });
  await expect(target.upgrade(request)).rejects.toThrow('a: ');
  await target.upgrade(request);
  expect(asked).toEqual(['a', 'b']);
});

test('addresses come and go', async () => {
  const states: Record<string, State> = { a: 'up' };
  const { target, asked, closed } = serversWith(states);
  await target.fetch(request);
  delete states['a'];
  states['b'] = 'up';
  await target.fetch(request);
  expect(asked).toEqual(['a', 'b']);
  expect(closed).toEqual(['a']);
  target.close();
  expect(closed).toEqual(['a', 'b']);
});

test('an error that is not about the connection is not passed round', async () => {
  const target = new FailOverTarget({
    servers: () => ['a', 'b'],
    connect: () => {
      const fail = () => Promise.reject(new RangeError('bug'));
      return { fetch: fail, upgrade: fail, close() {} };
    },
  });
  await expect(target.fetch(request)).rejects.toThrow(RangeError);
});

test('without any address says so', async () => {
  await expect(serversWith({}).target.fetch(request)).rejects.toThrow('no server address is known');
});
