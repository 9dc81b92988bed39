import { afterEach, expect, test, vi } from 'vitest';
import { NodeWorld, type NodeWorldOptions } from '../../../test/support/node-world.ts';
import type { Container, ResourceRequirements } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';

let world: NodeWorld;
let updates: ReturnType<typeof vi.spyOn>;
afterEach(() => world.close());

const mebi = 2 ** 20;

async function start(options: NodeWorldOptions = {}): Promise<void> {
  world = await NodeWorld.start(options);
  updates = vi.spyOn(world.runtime, 'updateContainerResources');
}

async function run(name: string, resources: ResourceRequirements, more: Partial<Container> = {}): Promise<void> {
  await world.createPod(name, { containers: [{ name: 'main', image: 'app:1', resources, ...more }] });
  await world.advance(1);
}

/** As the API server does it. */
async function resize(name: string, resources: ResourceRequirements): Promise<void> {
  const pod = await world.pod(name);
  const [container] = pod?.spec?.containers ?? [];
  const body = {
    metadata: { generation: (pod?.metadata.generation ?? 1) + 1 },
    spec: { containers: [{ ...container, resources }] },
  };
  await world.api.patch(pods, { namespace: 'default', name }, { type: 'merge', body });
  await world.advance(1);
}

async function statusOf(name: string) {
  const { containerStatuses = [], conditions = [], allocatedResources, resources } = await world.status(name);
  const [main] = containerStatuses;
  return {
    given: main?.allocatedResources,
    has: main?.resources,
    restarts: main?.restartCount,
    conditions: conditions.filter(({ type }) => type.startsWith('PodResize')),
    whole: { given: allocatedResources, has: resources },
  };
}

const small = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '1', memory: '64Mi' } };
const large = { requests: { cpu: '2', memory: '128Mi' }, limits: { cpu: '2', memory: '128Mi' } };

test('a container gets more, and the cgroup of its pod before it; nothing is started anew', async () => {
  await start();
  await run('web', small);
  const order: string[] = [];
  vi.spyOn(world.host, 'ensureCgroup').mockImplementation(async (path, limits) => {
    if (path.includes('/pod')) order.push(`pod ${limits.memoryBytes / mebi}Mi ${limits.cpuQuota}`);
  });
  updates.mockImplementation(async (...[, resources]: Parameters<typeof world.runtime.updateContainerResources>) => {
    order.push(`container ${resources.memoryLimitBytes / mebi}Mi ${resources.cpuQuota}`);
  });
  await resize('web', large);
  expect(order).toEqual(['pod 128Mi 200000', 'container 128Mi 200000', 'pod 128Mi 200000']);
  expect(await statusOf('web')).toEqual({
    given: large.requests,
    has: large,
    restarts: 0,
    conditions: [],
    whole: { given: large.requests, has: large },
  });
  const json = `{"containers":[{"name":"main","resources":{"limits":{"cpu":"2","memory":"128Mi"},"requests":{"cpu":"2","memory":"128Mi"}}}],"generation":2}`;
  expect((await world.events('web')).slice(-2)).toEqual([
    `ResizeStarted: Pod resize started: ${json}`,
    `ResizeCompleted: Pod resize completed: ${json}`,
  ]);
  order.length = 0;
  await resize('web', small);
  expect(order).toEqual(['pod 128Mi 200000', 'container 64Mi 100000', 'pod 64Mi 100000']);
});

test('a container whose policy says so is started anew with its new size', async () => {
  await start();
  await run('web', small, { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] });
  await resize('web', { ...small, requests: { ...small.requests, cpu: '500m' } });
  expect((await statusOf('web')).restarts).toBe(0);
  await resize('web', large);
  expect(updates).toHaveBeenCalledTimes(1);
  await world.advance(5);
  expect(await statusOf('web')).toMatchObject({ restarts: 1, given: large.requests, has: large, conditions: [] });
  expect(await world.events('web')).toContain('Killing: Container main resize requires restart');
  expect([...world.host.cgroups].find(([path]) => path.includes('/pod'))?.[1].memoryBytes).toBe(128 * mebi);
});

test('a pod for which there is no room waits, runs on as it was, and grows when another one goes', async () => {
  await start({ cpus: 4 });
  await run('web', small);
  await run('zoo', { requests: { cpu: '2' } });
  await resize('web', large);
  expect(await statusOf('web')).toMatchObject({ given: large.requests, conditions: [] });
  await resize('web', { ...large, requests: { cpu: '3', memory: '128Mi' }, limits: { cpu: '3', memory: '128Mi' } });
  const waiting = {
    type: 'PodResizePending',
    status: 'True',
    observedGeneration: 3,
    reason: 'Deferred',
    message: expect.stringMatching(
      /^Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: \d+$/,
    ),
    lastTransitionTime: expect.any(String),
  };
  expect(await statusOf('web')).toMatchObject({ given: large.requests, has: large, conditions: [waiting] });
  expect((await world.events('web')).at(-1)).toMatch(
    /^ResizeDeferred: Pod resize OutOfcpu: \{.*"error":"Node didn't have/,
  );
  await world.stopAgent();
  await world.startAgent();
  await world.advance(2);
  expect(await statusOf('web')).toMatchObject({ given: large.requests, has: large, conditions: [waiting] });
  await world.deletePod('zoo', 1);
  await world.advance(3);
  expect(await statusOf('web')).toMatchObject({ given: { cpu: '3' }, has: { limits: { cpu: '3' } }, conditions: [] });
});

test('who takes a wish back waits no longer', async () => {
  await start({ cpus: 2 });
  await run('web', small);
  await resize('web', { requests: { cpu: '8' }, limits: { cpu: '8' } });
  expect((await statusOf('web')).conditions).toHaveLength(1);
  await resize('web', small);
  expect((await statusOf('web')).conditions).toEqual([]);
  expect(updates).not.toHaveBeenCalled();
});

test('memory is not taken away that is in use; when it is given up it is', async () => {
  let memoryBytes = 100 * mebi;
  await start({
    program: () => ({
      get memoryBytes() {
        return memoryBytes;
      },
    }),
  });
  await run('web', large);
  await resize('web', small);
  const problem = `cannot decrease memory limits: attempting to set container "main" memory limit (67108864) below current usage (104857600)`;
  const error = { type: 'PodResizeInProgress', reason: 'Error', message: problem, observedGeneration: 2 };
  expect(await statusOf('web')).toMatchObject({ given: small.requests, has: large, conditions: [error] });
  expect((await world.events('web')).at(-1)).toMatch(
    /^ResizeError: Pod resize error: .*"generation":2,"error":"cannot/,
  );
  memoryBytes = 10 * mebi;
  await world.advance(15);
  expect(await statusOf('web')).toMatchObject({ has: small, conditions: [] });
});

test('an agent that ends in the midst of a resize is followed by one that ends it', async () => {
  await start();
  await run('web', large);
  updates.mockRejectedValue(new Error('the runtime is busy'));
  await resize('web', small);
  expect(await statusOf('web')).toMatchObject({ given: small.requests, has: large });
  updates.mockRestore();
  await world.stopAgent();
  await world.startAgent();
  await world.advance(2);
  expect(await statusOf('web')).toMatchObject({ given: small.requests, has: small, restarts: 0, conditions: [] });
});
