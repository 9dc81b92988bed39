import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { silentLogger } from '../machinery/log.ts';
import { RuntimeError, type RuntimeStatus } from './runtime/runtime.ts';
import { RuntimeHealth } from './runtime-health.ts';

const well: RuntimeStatus = { runtimeReady: true, networkReady: true, message: '', features: undefined };

let environment: VirtualEnvironment;
let stop: AbortController;
let answer: () => Promise<RuntimeStatus>;
let asked: number;
let changes: (readonly string[])[];
let health: RuntimeHealth;
beforeEach(() => {
  environment = new VirtualEnvironment(1);
  stop = new AbortController();
  answer = async () => well;
  asked = 0;
  changes = [];
  health = new RuntimeHealth({
    environment,
    logger: silentLogger,
    everyMs: 5_000,
    runtime: {
      version: async () => ({ name: 'containerd', version: '1.7.24', apiVersion: 'v1' }),
      status: () => {
        asked++;
        return answer();
      },
    },
    onChange: () => changes.push(health.problems),
  });
});
afterEach(() => stop.abort());

test('before anything is known that is a problem, and then there is none', async () => {
  expect(health.problems).toEqual([
    'container runtime status check may not have completed yet',
    'PLEG is not healthy: pleg has yet to be successful',
    'network state unknown',
  ]);
  void health.run(stop.signal);
  await health.asked;
  health.listed();
  expect(health.problems).toEqual([]);
  expect(health.version).toBe('containerd://1.7.24');
  expect(changes.at(-1)).toEqual([]);
});

test('one that hangs is down after half a minute, is asked no second time meanwhile, and is well when it answers', async () => {
  void health.run(stop.signal);
  await environment.advance(10_000);
  health.listed();
  changes.length = 0;
  const hanging = Promise.withResolvers<RuntimeStatus>();
  answer = () => hanging.promise;
  await environment.advance(5_000);
  const before = asked;
  await environment.advance(20_000);
  expect(health.problems).toEqual([]);
  await environment.advance(10_000);
  expect(changes).toEqual([['container runtime is down']]);
  await environment.advance(155_500);
  expect(asked).toBe(before);
  expect(health.problems[0]).toBe('container runtime is down');
  expect(health.problems[1]).toMatch(
    /^PLEG is not healthy: pleg was last seen active 3m10\.5s ago; threshold is 3m0s$/,
  );
  expect(changes).toHaveLength(2);
  answer = async () => well;
  hanging.resolve(well);
  await environment.settle();
  health.listed();
  expect(changes.at(-1)).toEqual([]);
});

test('one that is away for less is no problem, and one that comes back is asked soon', async () => {
  void health.run(stop.signal);
  await environment.settle();
  health.listed();
  answer = async () => {
    throw new RuntimeError('Unavailable', 'gone');
  };
  await environment.advance(29_000);
  expect(health.problems).toEqual([]);
  await environment.advance(6_000);
  expect(health.problems).toEqual(['container runtime is down']);
  answer = async () => well;
  await environment.advance(250);
  expect(health.problems).toEqual([]);
});

test('what it says of itself and of the network is passed on', async () => {
  answer = async () => ({ runtimeReady: false, networkReady: false, message: 'not yet', features: undefined });
  void health.run(stop.signal);
  await environment.settle();
  health.listed();
  expect(health.problems).toEqual([
    'container runtime status check may not have completed yet',
    'container runtime not ready: not yet',
    'container runtime network not ready: not yet',
  ]);
});
