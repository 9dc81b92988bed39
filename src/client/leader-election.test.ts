import { expect, test } from 'vitest';
import { FakeClient } from '../../test/support/fake-client.ts';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { leases } from '../resources/schema/resource-types.generated.ts';
import type { Client } from './client.ts';
import { runAsLeader } from './leader-election.ts';

function world() {
  const environment = new VirtualEnvironment(1);
  const fake = new FakeClient(environment);
  const history: string[] = [];
  const candidate = (identity: string, client: Client = fake.client) => {
    const stop = new AbortController();
    const lead = async (signal: AbortSignal) => {
      history.push(`${identity} leads`);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      history.push(`${identity} ends`);
    };
    const options = { client, environment, logger: silentLogger, namespace: 'kube-system', name: 'test', identity };
    const done = runAsLeader(options, lead, stop.signal);
    return { stop: () => stop.abort(), done };
  };
  return { environment, fake, history, candidate };
}

const lease = { namespace: 'kube-system', name: 'test' };

test('one leads at a time, and the next takes over at once from a leader that says farewell', async () => {
  const { environment, fake, history, candidate } = world();
  const first = candidate('first');
  await environment.settle();
  const second = candidate('second');
  await environment.advance(60_000);
  expect(history).toEqual(['first leads']);
  const held = (await fake.get(leases, lease)).spec;
  expect(held).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 15, leaseTransitions: 0 });
  expect(held?.acquireTime).toBe('2026-01-01T00:00:00.000000Z');
  expect(held?.renewTime).toBe('2026-01-01T00:01:00.000000Z');
  first.stop();
  await first.done;
  await environment.advance(5_000);
  expect(history).toEqual(['first leads', 'first ends', 'second leads']);
  expect((await fake.get(leases, lease)).spec?.leaseTransitions).toBe(1);
  second.stop();
  await second.done;
});

test('a leader that cannot renew stops before another may begin', async () => {
  const { environment, fake, history, candidate } = world();
  // The first reaches the server through a line that is cut; the second goes on.
  let cut = false;
  const line = new Proxy(fake.client, {
    get(target, property) {
      if (cut) return async () => Promise.reject(new Error('connection refused'));
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const first = candidate('first', line);
  await environment.settle();
  const second = candidate('second');
  await environment.advance(10_000);
  cut = true;
  await environment.advance(11_000);
  expect(history).toEqual(['first leads', 'first ends']);
  await environment.advance(10_000);
  expect(history).toEqual(['first leads', 'first ends', 'second leads']);
  first.stop();
  second.stop();
  await Promise.all([first.done, second.done]);
});

test('a leader whose work fails gives the lease back', async () => {
  const { environment, fake } = world();
  const stop = new AbortController();
  const options = { client: fake.client, environment, logger: silentLogger, ...lease, identity: 'only' };
  const run = runAsLeader(options, async () => Promise.reject(new Error('broken')), stop.signal);
  await expect(run).rejects.toThrow('broken');
  expect((await fake.get(leases, lease)).spec?.holderIdentity).toBe('');
});
