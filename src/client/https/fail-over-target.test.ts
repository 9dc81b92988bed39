import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import type { HttpRequest } from '../../wire/http.ts';
import { ConnectionError } from '../../wire/http-client/connection-error.ts';
import { FailOverTarget } from './fail-over-target.ts';

/** `slow`: answers only those who ask whether it is there. */
type State = 'up' | 'refuses' | 'breaks' | 'silent' | 'slow';
const request: HttpRequest = { method: 'POST', path: '/', headers: {} };

function serversWith(states: Record<string, State>, patienceMs?: number) {
  const environment = virtualEnvironment(1);
  const asked: string[] = [];
  const closed: string[] = [];
  let lost = 0;
  const target = new FailOverTarget({
    environment,
    servers: () => Object.keys(states),
    patienceMs,
    onLost: () => {
      lost += 1;
    },
    connect: (server) => {
      const closing = new AbortController();
      const fail = (code: string, maybeSent: boolean) =>
        new ConnectionError(server, Object.assign(new Error(code), { code }), maybeSent);
      const send = async ({ method, signal }: HttpRequest) => {
        if (method === 'POST') asked.push(server);
        if (states[server] === 'up' || (states[server] === 'slow' && method === 'GET'))
          return { status: 200, headers: {} } as const;
        if (states[server] === 'refuses') throw fail('ECONNREFUSED', false);
        if (states[server] === 'breaks') throw fail('ECONNRESET', true);
        const ended = AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]);
        return new Promise<never>((_, reject) => {
          ended.addEventListener('abort', () => reject(signal?.aborted ? signal.reason : fail('closed', true)));
        });
      };
      const close = () => {
        closing.abort();
        closed.push(server);
      };
      return { fetch: send, upgrade: send, close };
    },
  });
  /** What a request comes to while time passes. */
  const during = async (ms: number, more: Partial<HttpRequest> = {}) => {
    const sent = target.fetch({ ...request, ...more }).then(
      ({ status }) => `${status}`,
      (error: unknown) => (error instanceof ConnectionError ? `${error.target} ${error.code}` : String(error)),
    );
    await environment.advance(ms);
    return Promise.race([sent, environment.settle().then(() => 'pending')]);
  };
  return { target, environment, asked, closed, during, lost: () => lost };
}

test('stays with the address that answers, and finds it', async () => {
  const { during, asked } = serversWith({ a: 'refuses', b: 'up', c: 'up' });
  expect(await during(250)).toBe('200');
  expect(await during(0)).toBe('200');
  expect(asked).toEqual(['b', 'b']);
});

test('a single address is not asked first', async () => {
  const { during, asked } = serversWith({ a: 'refuses' });
  expect(await during(0)).toBe('a ECONNREFUSED');
  expect(asked).toEqual(['a']);
});

test('addresses behind which nobody is cost no time', async () => {
  const { during } = serversWith({ a: 'silent', b: 'silent', c: 'silent', d: 'up' });
  expect(await during(3 * 250)).toBe('200');
});

test('where none answers, what is wrong with the first is said', async () => {
  const { during } = serversWith({ a: 'refuses', b: 'breaks' });
  expect(await during(250)).toBe('a ECONNREFUSED');
  const silent = serversWith({ a: 'silent', b: 'refuses' });
  expect(await silent.during(9_999)).toBe('pending');
  expect(await silent.during(1)).toBe('a ETIMEDOUT');
});

test('who has patience finds a server that comes back, or comes up elsewhere, beside addresses behind which nobody is', async () => {
  const states: Record<string, State> = { a: 'silent', b: 'refuses' };
  const { during, asked, lost, environment } = serversWith(states, 5_000);
  expect(await during(1_250)).toBe('pending');
  expect(lost()).toBe(1);
  states['b'] = 'up';
  await environment.advance(500);
  expect(asked).toEqual(['b']);
  states['b'] = 'refuses';
  expect(await during(1_000)).toBe('pending');
  states['c'] = 'up';
  await environment.advance(250);
  expect(asked).toEqual(['b', 'b', 'c']);
});

test('patience ends', async () => {
  const { during, lost } = serversWith({ a: 'refuses' }, 5_000);
  expect(await during(4_999)).toBe('pending');
  expect(await during(1)).toBe('a ECONNREFUSED');
  expect(lost()).toBe(4);
});

test('a request that may have arrived is not repeated, but the next one goes elsewhere', async () => {
  const states: Record<string, State> = { a: 'up', b: 'up' };
  const { during, asked } = serversWith(states);
  await during(0);
  states['a'] = 'breaks';
  expect(await during(0)).toBe('a ECONNRESET');
  expect(await during(250)).toBe('200');
  expect(asked).toEqual(['a', 'a', 'b']);
});

test('a request that was not sent goes to the next address', async () => {
  const states: Record<string, State> = { a: 'up', b: 'up' };
  const { during, asked } = serversWith(states);
  await during(0);
  states['a'] = 'refuses';
  expect(await during(250)).toBe('200');
  expect(asked).toEqual(['a', 'a', 'b']);
});

test('what waits for an address that is gone fails; a slow one is waited for, and one that is no more silent than all', async () => {
  const states: Record<string, State> = { a: 'up', b: 'up' };
  const { during, closed } = serversWith(states);
  await during(0);
  states['a'] = 'slow';
  expect(await during(60_000)).toBe('pending');
  states['a'] = states['b'] = 'silent';
  expect(await during(60_000)).toBe('pending');
  states['b'] = 'up';
  expect(await during(9_000)).toBe('a closed');
  expect(closed).toEqual(['a']);
  expect(await during(250)).toBe('200');
});

test('an address that refused while it was compared is asked again: its server may be starting', async () => {
  const states: Record<string, State> = { a: 'up', b: 'up' };
  const { during, environment } = serversWith(states);
  await during(0);
  states['a'] = 'silent';
  states['b'] = 'refuses';
  environment.setTimer(4_000, () => {
    states['b'] = 'up';
  });
  expect(await during(5_000)).toBe('a closed');
});

test('addresses come and go', async () => {
  const states: Record<string, State> = { a: 'up' };
  const { target, during, asked, closed } = serversWith(states);
  await during(0);
  delete states['a'];
  states['b'] = 'up';
  await during(0);
  expect(asked).toEqual(['a', 'b']);
  expect(closed).toEqual(['a']);
  target.close();
  expect(closed).toEqual(['a', 'b']);
});

test('who loses patience does not wait for the search', async () => {
  const { target, environment } = serversWith({ a: 'silent', b: 'silent' });
  const reason = new Error('enough');
  const abort = new AbortController();
  const sent = expect(target.fetch({ ...request, signal: abort.signal })).rejects.toBe(reason);
  await environment.advance(1_000);
  abort.abort(reason);
  await sent;
});

test('an error that is not about the connection is not passed round', async () => {
  const target = new FailOverTarget({
    environment: virtualEnvironment(1),
    servers: () => ['a'],
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
