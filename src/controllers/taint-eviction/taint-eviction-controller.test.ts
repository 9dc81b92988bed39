import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Taint, Toleration } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { taintEvictionController } from './taint-eviction-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(taintEvictionController);
  await world.client.create(nodes, { metadata: { name: 'one' } });
});
afterEach(() => world.stop());

const create = (name: string, tolerations: readonly Toleration[] = [], finalizers: readonly string[] = []) =>
  world.client.create(pods, {
    metadata: { namespace: 'shop', name, finalizers },
    spec: { nodeName: 'one', tolerations, containers: [{ name: 'c', image: 'good' }] },
  });
const taint = async (...taints: readonly Taint[]) => {
  const node = await world.client.get(nodes, { name: 'one' });
  await world.client.update(nodes, { ...node, spec: { ...node.spec, taints } });
  await world.environment.settle();
};
const noExecute = { key: 'ill', effect: 'NoExecute' };
const tolerating = (tolerationSeconds?: number): Toleration => ({
  key: 'ill',
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds !== undefined && { tolerationSeconds }),
});
const isLeaving = async (name: string) => {
  try {
    return (await world.client.get(pods, { namespace: 'shop', name })).metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isReason(error, 'NotFound')) return true;
    throw error;
  }
};
const leaving = async (...names: readonly string[]) => {
  const found: string[] = [];
  for (const name of names) if (await isLeaving(name)) found.push(name);
  return found;
};

test('pods leave a tainted node at once, in time or not at all', async () => {
  await create('stranger', [], ['test/hold']);
  await create('guest', [tolerating(60)]);
  await create('resident', [tolerating()]);
  await world.environment.settle();
  await taint({ key: 'ill', effect: 'NoSchedule' });
  expect(await leaving('stranger')).toEqual([]);
  await taint(noExecute);
  expect(await leaving('stranger', 'guest', 'resident')).toEqual(['stranger']);
  await world.advance(59_000);
  expect(await isLeaving('guest')).toBe(false);
  await world.advance(1_500);
  expect(await leaving('guest', 'resident')).toEqual(['guest']);
  expect(await world.eventLines('stranger')).toEqual([
    'Normal TaintManagerEviction: Marking for deletion Pod shop/stranger',
  ]);
  await world.advance(3_600_000);
  expect(await isLeaving('resident')).toBe(false);
  const { status } = await world.client.get(pods, { namespace: 'shop', name: 'stranger' });
  expect(status?.conditions).toEqual([
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      observedGeneration: 1,
      lastProbeTime: null,
      lastTransitionTime: expect.any(String),
    },
  ]);
});

test('a taint that goes in time lets pods stay, and their time begins anew with the next', async () => {
  await create('guest', [tolerating(60)]);
  await taint(noExecute);
  await world.advance(50_000);
  await taint();
  await world.advance(60_000);
  expect(await isLeaving('guest')).toBe(false);
  expect(await world.eventLines('guest')).toEqual([
    'Normal TaintManagerEviction: Cancelling deletion of Pod shop/guest',
  ]);
  await taint(noExecute);
  await world.advance(50_000);
  expect(await isLeaving('guest')).toBe(false);
  await world.advance(11_000);
  expect(await isLeaving('guest')).toBe(true);
});

test('a pod that comes to a tainted node and one whose tolerations change are looked at too', async () => {
  await taint(noExecute);
  await create('late');
  const guest = await create('guest', [tolerating(600)]);
  await world.environment.settle();
  expect(await leaving('late', 'guest')).toEqual(['late']);
  const tolerations = [...(guest.spec?.tolerations ?? []), { key: 'other', operator: 'Exists' }];
  await world.client.patch(
    pods,
    { namespace: 'shop', name: 'guest' },
    { type: 'merge', body: { spec: { tolerations } } },
  );
  await taint(noExecute, { key: 'other', effect: 'NoExecute' });
  expect(await isLeaving('guest')).toBe(false);
  await taint(noExecute, { key: 'third', effect: 'NoExecute' });
  expect(await isLeaving('guest')).toBe(true);
});

test('a pod that was deleted while its time ran is told of, and its successor of the same name has all its time', async () => {
  await create('guest', [tolerating(60)]);
  await taint(noExecute);
  await world.advance(30_000);
  await world.client.delete(pods, { namespace: 'shop', name: 'guest' }, { gracePeriodSeconds: 0 });
  await world.environment.settle();
  await create('guest', [tolerating(60)]);
  await world.advance(40_000);
  expect(await isLeaving('guest')).toBe(false);
  await world.advance(21_000);
  expect(await isLeaving('guest')).toBe(true);
});
