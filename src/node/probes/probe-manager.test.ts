import { afterEach, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import type { Container, Probe } from '../../resources/schema/core-v1.generated.ts';
import type { SimulatedRequest } from '../runtime/simulated/program.ts';

let world: NodeWorld;
afterEach(() => world.close());

const http: Probe = { httpGet: { path: '/health', port: 8080 }, periodSeconds: 5, failureThreshold: 2 };
const answering = (answer: (request: SimulatedRequest) => boolean) => ({
  program: () => ({
    answer: (request: SimulatedRequest) =>
      answer(request)
        ? { outcome: 'success' as const, message: '' }
        : { outcome: 'failure' as const, message: 'HTTP probe failed with statuscode: 500' },
  }),
});

async function run(container: Partial<Container>): Promise<void> {
  await world.createPod('web', { containers: [{ name: 'main', image: 'nginx:1', ...container }] });
}

test('a container is ready when its readiness probe succeeds, and no longer when it fails', async () => {
  let healthy = true;
  world = await NodeWorld.start(answering(({ runningMs }) => healthy && runningMs >= 4000));
  await run({ readinessProbe: { ...http, periodSeconds: 1 } });
  await world.advance(3);
  expect(await world.containerState('web', 'main')).toBe('running');
  const conditions = (await world.status('web')).conditions;
  expect(conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status: [main]',
  });
  expect(await world.events('web')).toContain(
    'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500 (4)',
  );
  await world.advance(2);
  expect(await world.containerState('web', 'main')).toBe('ready');
  healthy = false;
  await world.advance(1);
  expect(await world.containerState('web', 'main')).toBe('ready');
  await world.advance(1);
  expect(await world.containerState('web', 'main')).toBe('running');
  expect((await world.status('web')).containerStatuses?.[0]?.restartCount).toBe(0);
});

test('a container whose liveness probe fails is killed with the probe’s grace period and restarted', async () => {
  world = await NodeWorld.start({
    program: () => ({
      stopAfterMs: 10_000,
      answer: ({ runningMs }) => ({
        outcome: runningMs < 20_000 ? 'success' : 'failure',
        message: 'HTTP probe failed with statuscode: 503',
      }),
    }),
  });
  await run({ livenessProbe: { ...http, terminationGracePeriodSeconds: 3 } });
  await world.advance(34);
  const [status] = (await world.status('web')).containerStatuses ?? [];
  expect(status).toMatchObject({ restartCount: 1, state: { running: {} } });
  expect(status?.lastState?.terminated).toMatchObject({ exitCode: 137 });
  const started = Date.parse(status?.lastState?.terminated?.startedAt ?? '');
  const finished = Date.parse(status?.lastState?.terminated?.finishedAt ?? '');
  expect(finished - started).toBeGreaterThanOrEqual(28_000);
  expect(finished - started).toBeLessThanOrEqual(33_000);
  const events = await world.events('web');
  expect(events).toContain('Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 503 (2)');
  expect(events).toContain('Killing: Container main failed liveness probe, will be restarted');
});

test('other probes wait for the startup probe, and a container that does not start in time is restarted', async () => {
  let starts = 0;
  world = await NodeWorld.start({
    program: () => {
      starts++;
      const startsAfterMs = starts === 1 ? Number.POSITIVE_INFINITY : 2000;
      return {
        answer: ({ runningMs, path }) => ({
          outcome: path === '/started' ? (runningMs >= startsAfterMs ? 'success' : 'failure') : 'success',
          message: 'no',
        }),
      };
    },
  });
  const startupProbe = { httpGet: { path: '/started', port: 8080 }, periodSeconds: 2, failureThreshold: 3 };
  await run({ startupProbe, readinessProbe: http, livenessProbe: http });
  await world.advance(5);
  expect((await world.status('web')).containerStatuses?.[0]).toMatchObject({ started: false, ready: false });
  await world.advance(8);
  expect((await world.status('web')).containerStatuses?.[0]).toMatchObject({
    started: true,
    ready: true,
    restartCount: 1,
  });
  expect(await world.events('web')).toContain('Killing: Container main failed startup probe, will be restarted');
});

test('exec probes run a command, tcp probes a connection, and both may time out', async () => {
  world = await NodeWorld.start({
    program: () => ({
      exec: (command) => ({
        exitCode: command[0] === 'check' ? 0 : 1,
        stderr: 'nope',
        durationMs: command[0] === 'slow' ? 5000 : 0,
      }),
      answer: ({ port }) => (port === 9090 ? { outcome: 'success', message: '', afterMs: 3000 } : undefined),
    }),
  });
  const exec = (command: string): Container => ({
    name: command,
    image: 'nginx:1',
    readinessProbe: { exec: { command: [command] }, timeoutSeconds: 2 },
  });
  const tcp = (name: string, port: number): Container => ({
    name,
    image: 'nginx:1',
    readinessProbe: { tcpSocket: { port } },
  });
  await world.createPod('web', {
    containers: [exec('check'), exec('fail'), exec('slow'), tcp('closed', 8080), tcp('hangs', 9090)],
  });
  await world.advance(6);
  const events = await world.events('web');
  expect(await world.containerState('web', 'check')).toBe('ready');
  expect(events).toContain('Unhealthy: Readiness probe failed: nope');
  expect(events).toContain('Unhealthy: Readiness probe failed: command timed out: "slow" timed out after 2s');
  expect(events).toContain('Unhealthy: Readiness probe failed: dial tcp 10.1.0.2:8080: connect: connection refused');
  expect(events).toContain('Unhealthy: Readiness probe failed: dial tcp 10.1.0.2:9090: i/o timeout');
});

test('a simulated server of which nothing is said is healthy by whatever it is asked', async () => {
  world = await NodeWorld.start();
  const probed = (name: string, readinessProbe: Probe): Container => ({ name, image: 'postgres:1', readinessProbe });
  await world.createPod('web', {
    containers: [
      probed('exec', { exec: { command: ['pg_isready', '-U', 'shop'] } }),
      probed('tcp', { tcpSocket: { port: 5432 } }),
      probed('http', { httpGet: { path: '/', port: 80 } }),
      probed('unwell', { exec: { command: ['false'] } }),
    ],
  });
  await world.advance(12);
  const states = await Promise.all(['exec', 'tcp', 'http', 'unwell'].map((name) => world.containerState('web', name)));
  expect(states).toEqual(['ready', 'ready', 'ready', 'running']);
});

test('a port that has no such name makes the probe impossible, not failed', async () => {
  world = await NodeWorld.start();
  await run({ readinessProbe: { httpGet: { port: 'web' } } });
  await world.advance(1);
  expect(await world.events('web')).toContain(
    'Unhealthy: Readiness probe errored and resulted in unknown state: port "web" not found',
  );
});

test('a new agent leaves a ready container ready until its probe says otherwise', async () => {
  world = await NodeWorld.start(answering(() => true));
  await run({ readinessProbe: { ...http, initialDelaySeconds: 100 } });
  await world.advance(101);
  expect(await world.containerState('web', 'main')).toBe('ready');
  await world.stopAgent();
  const before = world.api.actions.length;
  await world.startAgent();
  await world.advance(30);
  expect(await world.containerState('web', 'main')).toBe('ready');
  const patches = world.api.actions
    .slice(before)
    .filter(({ verb, resource }) => verb === 'patch' && resource === 'pods');
  expect(patches).toEqual([]);
});
