import { afterEach, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import type { PodSpec } from '../../resources/schema/core-v1.generated.ts';

let world: NodeWorld;
afterEach(() => world.close());

const all = { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } };
const spec: Partial<PodSpec> & Pick<PodSpec, 'containers'> = {
  restartPolicy: 'Never',
  initContainers: [{ name: 'init', image: 'app:1' }],
  containers: [
    { name: 'main', image: 'app:1', restartPolicy: 'Never', restartPolicyRules: [all] },
    { name: 'other', image: 'app:1' },
  ],
};

/** The first time `main` ends with 42 after a second, then with 0; `other` runs for ten. */
async function start(): Promise<() => readonly string[]> {
  const started: string[] = [];
  let runs = 0;
  world = await NodeWorld.start({
    program: ({ config: { metadata } }) => {
      started.push(metadata.name);
      if (metadata.name === 'init') return { exitAfterMs: 0 };
      if (metadata.name === 'other') return { exitAfterMs: 10_000 };
      return { exitAfterMs: 1000, exitCode: runs++ === 0 ? 42 : 0 };
    },
  });
  return () => started;
}

const taken = {
  reason: 'RestartingAllContainers',
  message: 'The container is removed because RestartAllContainers in place',
  exitCode: 137,
};

test('a container that ends as its rule says starts all of its pod over, init containers first, in the same sandbox', async () => {
  const started = await start();
  await world.createPod('web', spec);
  await world.advance(0.5);
  const [sandbox] = await world.runtime.listPodSandboxes();
  await world.advance(1);
  expect(started()).toEqual(['init', 'main', 'other', 'init', 'main', 'other']);
  expect(await world.runtime.listPodSandboxes()).toEqual([sandbox]);
  const { phase, conditions, containerStatuses = [], initContainerStatuses = [] } = await world.status('web');
  expect(phase).toBe('Running');
  expect(conditions?.find(({ type }) => type === 'AllContainersRestarting')?.status).toBe('False');
  for (const status of [...initContainerStatuses, ...containerStatuses])
    expect(status).toMatchObject({ restartCount: 1, lastState: { terminated: taken } });
  expect(await world.events('web')).toContain('Killing: killing');
  await world.advance(15);
  const ended = await world.status('web');
  expect(ended.phase).toBe('Succeeded');
  expect(ended.conditions?.find(({ type }) => type === 'AllContainersRestarting')).toMatchObject({
    status: 'False',
    reason: 'PodCompleted',
  });
});

test('an agent that ends while containers are taken away is followed by one that goes on', async () => {
  const started = await start();
  await world.createPod('web', spec);
  await world.advance(0.5);
  const other = world.runtime.findContainer('default', 'web', 'other') ?? '';
  const remove = world.runtime.removeContainer.bind(world.runtime);
  world.runtime.removeContainer = async (id) => {
    if (id !== other) throw new Error('the agent is about to end');
    await remove(id);
  };
  await world.advance(1);
  expect((await world.status('web')).conditions).toContainEqual(
    expect.objectContaining({ type: 'AllContainersRestarting', status: 'True', reason: 'RestartAllContainersStarted' }),
  );
  world.runtime.removeContainer = remove;
  await world.stopAgent();
  await world.startAgent();
  await world.advance(0.5);
  expect(started()).toEqual(['init', 'main', 'other', 'init', 'main', 'other']);
  expect((await world.status('web')).containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([1, 1]);
});

test('another end is no reason', async () => {
  world = await NodeWorld.start({
    program: ({ config }) => ({ exitAfterMs: 1000, exitCode: config.metadata.name === 'main' ? 3 : 0 }),
  });
  await world.createPod('web', spec);
  await world.advance(5);
  const { phase, containerStatuses } = await world.status('web');
  expect(phase).toBe('Failed');
  expect(containerStatuses?.[0]?.restartCount).toBe(0);
});
