import { afterEach, expect, test } from 'vitest';
import { NodeWorld, type NodeWorldOptions } from '../../../test/support/node-world.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';

const mebibyte = 2 ** 20;
let world: NodeWorld;
afterEach(() => world.close());

/** A node whose containers use what their command says: `hog-300` 300 MiB of memory, `disk-5` 5 MiB of disk. */
async function start(options: NodeWorldOptions = {}): Promise<void> {
  world = await NodeWorld.start({
    program: ({ config }) => {
      const [, what, count] = /(hog|disk)-(\d+)/.exec(config.command.join()) ?? [];
      const amount = Number(count) * mebibyte;
      return what === 'hog' ? { memoryBytes: amount } : what === 'disk' ? { diskBytes: amount } : {};
    },
    ...options,
  });
}

const main = (command: string, more: object = {}) => ({ name: 'main', image: 'app:1', command: [command], ...more });
const run = (name: string, command: string, more: object = {}) =>
  world.createPod(name, { containers: [main(command, more)] });
const phases = async (...names: readonly string[]) =>
  Promise.all(names.map(async (name) => (await world.status(name)).phase));

async function condition(type: string) {
  const { conditions = [] } = (await world.node()).status ?? {};
  const { status, reason, message } = conditions.find((each) => each.type === type) ?? {};
  return [status, reason, message];
}

test('short of memory, a node ends the pod that exceeds its request by most, and says why', async () => {
  await start();
  await run('modest', 'hog-200', { resources: { requests: { memory: '500Mi' } } });
  await run('greedy', 'hog-2048');
  await run('small', 'hog-10');
  await world.advance(15);
  world.host.setLoad({ memoryAvailableBytes: 1516 * 1024 });
  await world.advance(5.5);
  world.host.setLoad({ memoryAvailableBytes: 2 ** 30 });
  await world.advance(10);
  expect(await phases('modest', 'greedy', 'small')).toEqual(['Running', 'Failed', 'Running']);
  const { reason, message, conditions = [] } = await world.status('greedy');
  const words =
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 1516Ki. Container main was using 2Gi, request is 0, has larger consumption of memory. ';
  expect([reason, message]).toEqual(['Evicted', words]);
  expect(conditions.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'TerminationByKubelet',
    message: words,
  });
  expect(await world.events('greedy')).toContain(`Evicted: ${words}`);
  expect(await world.events('node-1')).toContain('EvictionThresholdMet: Attempting to reclaim memory');
  expect(await condition('MemoryPressure')).toEqual([
    'True',
    'KubeletHasInsufficientMemory',
    'kubelet has insufficient memory available',
  ]);
  await world.advance(310);
  expect(await condition('MemoryPressure')).toEqual([
    'False',
    'KubeletHasSufficientMemory',
    'kubelet has sufficient memory available',
  ]);
  expect(await phases('modest', 'small')).toEqual(['Running', 'Running']);
});

test('pods go one at a time, and those that the system depends on never', async () => {
  await start();
  await world.createPod('critical', { priority: 2_000_000_000, containers: [main('hog-9000')] });
  await run('one', 'hog-300');
  await run('two', 'hog-200');
  await world.advance(5);
  world.host.setLoad({ memoryAvailableBytes: 0 });
  await world.advance(5.5);
  expect(await phases('critical', 'one', 'two')).toEqual(['Running', 'Failed', 'Running']);
  await world.advance(60);
  expect(await phases('critical', 'one', 'two')).toEqual(['Running', 'Failed', 'Failed']);
});

test('under memory pressure only pods that ask for memory are taken', async () => {
  await start();
  world.host.setLoad({ memoryAvailableBytes: 0 });
  await world.advance(10);
  world.host.setLoad({ memoryAvailableBytes: 2 ** 30 });
  await run('best-effort', 'nginx');
  const toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };
  await world.createPod('tolerant', { tolerations: [toleration], containers: [{ name: 'main', image: 'nginx' }] });
  await world.advance(1);
  const { phase, reason, message } = await world.status('best-effort');
  expect([phase, reason, message]).toEqual([
    'Failed',
    'Evicted',
    'Pod was rejected: The node had condition: [MemoryPressure]. ',
  ]);
  expect(await phases('tolerant')).toEqual(['Running']);
});

test('with a full disk images and dead containers go first', async () => {
  await start({ images: { present: ['imported:1'] }, diskBytes: 1000 * mebibyte });
  await world.createPod('over', { containers: [{ name: 'main', image: 'unused:1' }] });
  await world.advance(5);
  await world.deletePod('over');
  await run('writer', 'disk-5');
  await world.advance(5);
  const removeImage = world.runtime.removeImage.bind(world.runtime);
  world.runtime.removeImage = async (id) => {
    await removeImage(id);
    world.host.setLoad({ diskAvailableBytes: 900 * mebibyte });
  };
  world.host.setLoad({ diskAvailableBytes: 90 * mebibyte });
  await world.advance(20);
  expect((await world.runtime.listImages()).flatMap(({ tags }) => tags)).toEqual([
    'docker.io/library/imported:1',
    'docker.io/library/app:1',
  ]);
  expect(await phases('writer')).toEqual(['Running']);
  expect(await condition('DiskPressure')).toEqual(['True', 'KubeletHasDiskPressure', 'kubelet has disk pressure']);
});

test('then the pod that takes up most of it, with all that it left', async () => {
  await start({ diskBytes: 1000 * mebibyte });
  await run('writer', 'disk-5');
  await run('reader', 'disk-1');
  await world.advance(5);
  world.host.setLoad({ diskAvailableBytes: 90 * mebibyte });
  await world.advance(5.5);
  world.host.setLoad({ diskAvailableBytes: 900 * mebibyte });
  await world.advance(10);
  expect(await phases('writer', 'reader')).toEqual(['Failed', 'Running']);
  expect((await world.status('writer')).message).toBe(
    'The node was low on resource: ephemeral-storage. Threshold quantity: 100Mi, available: 90Mi. Container main was using 5Mi, request is 0, has larger consumption of ephemeral-storage. ',
  );
  const left = (await world.runtime.listContainers()).map((each) => each.labels['io.kubernetes.pod.name']);
  expect(left).toEqual(['reader']);
});

test('a pod that exceeds the limit of a volume is ended for that alone', async () => {
  await start();
  const pod = await world.createPod('writer', {
    containers: [{ name: 'main', image: 'nginx', volumeMounts: [{ name: 'x', mountPath: '/x' }] }],
    volumes: [{ name: 'x', emptyDir: { sizeLimit: '1Mi' } }],
  });
  await world.advance(5);
  const path = `/var/lib/stuurman/node/pods/${pod.metadata.uid}/volumes/kubernetes.io~empty-dir/x/file`;
  await world.host.files.write(path, 'x'.repeat(2 * mebibyte));
  await world.advance(70);
  const { phase, reason, message, conditions = [] } = await world.status('writer');
  expect([phase, reason, message]).toEqual([
    'Failed',
    'Evicted',
    'Usage of EmptyDir volume "x" exceeds the limit "1Mi". ',
  ]);
  expect(conditions.some(({ type }) => type === 'DisruptionTarget')).toBe(false);
});

test('an evicted pod that is deleted goes', async () => {
  await start();
  await run('one', 'hog-300');
  await world.advance(5);
  world.host.setLoad({ memoryAvailableBytes: 0 });
  await world.advance(20);
  await world.deletePod('one');
  await world.advance(5);
  expect((await world.api.list(pods, {})).items).toEqual([]);
});
