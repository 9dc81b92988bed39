import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { stableJson } from '../../machinery/hash.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { DaemonSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { controllerRevisions, daemonSets, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { targetNodeOf } from './daemon-pods.ts';
import { daemonSetController } from './daemon-set-controller.ts';

let world: ControllerWorld;
let unfollow: () => void;
beforeEach(async () => {
  world = await ControllerWorld.make();
  for (const name of ['one', 'two', 'three']) await world.client.create(nodes, { metadata: { name } });
  world.startKubelet();
  world.start(daemonSetController);
  unfollow = bindAtOnce();
});
afterEach(() => {
  unfollow();
  return world.stop();
});

/** A scheduler that puts each pod where it asks to be. */
function bindAtOnce(): () => void {
  const bind = async (pod: Pod) => {
    const target = targetNodeOf(pod);
    if (target === undefined || pod.spec?.nodeName !== undefined) return;
    const { namespace, name = '' } = pod.metadata;
    await world.server.change(
      pods,
      { namespace, name },
      (live) => ({ ...structuredClone(live), spec: { ...structuredClone(live).spec, nodeName: target } }) as never,
      { dryRun: false },
    );
  };
  return world
    .context()
    .informers.informer(pods)
    .addHandler({ added: (pod) => void bind(pod).catch(() => {}) });
}

const labels = { app: 'agent' };
const daemon = (image = 'good', spec: Partial<DaemonSet['spec']> = {}) =>
  world.client.create(daemonSets, {
    metadata: { namespace: 'shop', name: 'agent' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image }] } },
      ...spec,
    },
  });
const current = () => world.client.get(daemonSets, { namespace: 'shop', name: 'agent' });
const where = async () => (await world.list(pods, 'shop')).map(({ spec }) => spec?.nodeName ?? '').sort();
const setImage = async (image: string) => {
  const live = await current();
  const template = { ...live.spec.template, spec: { containers: [{ name: 'c', image }] } };
  return world.client.update(daemonSets, { ...live, spec: { ...live.spec, template } });
};
const images = async () => (await world.list(pods, 'shop')).map(({ spec }) => spec?.containers[0]?.image).sort();

test('every node gets a pod, one that comes later too, and what is deleted is replaced', async () => {
  await daemon();
  await world.advance(3_000);
  expect(await where()).toEqual(['one', 'three', 'two']);
  expect((await current()).status).toEqual({
    currentNumberScheduled: 3,
    desiredNumberScheduled: 3,
    numberMisscheduled: 0,
    numberReady: 3,
    numberAvailable: 3,
    updatedNumberScheduled: 3,
    observedGeneration: 1,
  });
  await world.client.create(nodes, { metadata: { name: 'four' } });
  await world.advance(3_000);
  expect(await where()).toEqual(['four', 'one', 'three', 'two']);
  const [victim] = await world.list(pods, 'shop');
  await world.client.delete(pods, { namespace: 'shop', name: victim?.metadata.name ?? '' });
  await world.advance(5_000);
  expect(await where()).toEqual(['four', 'one', 'three', 'two']);
  expect((await world.eventLines('agent'))[0]).toMatch(/^Normal SuccessfulCreate: Created pod: agent-/);
});

test('a node that is tainted keeps its pod or loses it, as the taint says', async () => {
  await daemon();
  await world.advance(3_000);
  const taint = async (name: string, effect: string) => {
    const node = await world.client.get(nodes, { name });
    await world.client.update(nodes, { ...node, spec: { ...node.spec, taints: [{ key: 'x', effect }] } });
    await world.advance(3_000);
  };
  await taint('one', 'NoSchedule');
  expect(await where()).toEqual(['one', 'three', 'two']);
  expect((await current()).status).toMatchObject({ desiredNumberScheduled: 2, numberMisscheduled: 1 });
  await taint('one', 'NoExecute');
  expect(await where()).toEqual(['three', 'two']);
  expect((await current()).status).toMatchObject({ desiredNumberScheduled: 2, numberMisscheduled: 0 });
});

test('a new template rolls out one node after the other, is kept as a revision, and comes back by its old one', async () => {
  await daemon();
  await world.advance(3_000);
  await setImage('good:2');
  let fewest = 3;
  for (let step = 0; step < 30; step++) {
    await world.advance(500);
    fewest = Math.min(fewest, (await current()).status?.numberAvailable ?? 0);
  }
  expect(await images()).toEqual(['good:2', 'good:2', 'good:2']);
  expect(fewest).toBeGreaterThanOrEqual(2);
  const revisions = async () =>
    (await world.list(controllerRevisions, 'shop')).map(({ revision }) => revision).sort((a = 0, b = 0) => a - b);
  expect(await revisions()).toEqual([1, 2]);
  await setImage('good');
  await world.advance(15_000);
  expect(await images()).toEqual(['good', 'good', 'good']);
  expect(await revisions()).toEqual([2, 3]);
  const [revision] = (await world.list(controllerRevisions, 'shop')).filter((each) => each.revision === 3);
  const [pod] = await world.list(pods, 'shop');
  expect(revision?.metadata.name).toBe(`agent-${pod?.metadata.labels?.['controller-revision-hash']}`);
  // Others compare its bytes with those of a template, so its keys are in order at every depth.
  expect(JSON.stringify(revision?.data)).toBe(stableJson(revision?.data));
  expect(JSON.stringify(revision?.data)).toContain('{"spec":{"template":{"$patch":"replace","metadata":');
});

test('with surge there is never a node without a pod', async () => {
  await daemon('good', {
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  });
  await world.advance(3_000);
  await setImage('good:2');
  for (let step = 0; step < 40; step++) {
    await world.advance(500);
    const ready = (await world.list(pods, 'shop')).filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
    expect(new Set(ready.map(({ spec }) => spec?.nodeName)).size).toBe(3);
  }
  expect(await images()).toEqual(['good:2', 'good:2', 'good:2']);
});

test('on delete nothing rolls by itself, and old revisions go beyond the limit', async () => {
  await daemon('good', { updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 1 });
  await world.advance(3_000);
  await setImage('good:2');
  await world.advance(10_000);
  expect(await images()).toEqual(['good', 'good', 'good']);
  expect((await current()).status).toMatchObject({ numberReady: 3, observedGeneration: 2 });
  expect((await current()).status?.updatedNumberScheduled).toBeUndefined();
  const [first] = await world.list(pods, 'shop');
  await world.client.delete(pods, { namespace: 'shop', name: first?.metadata.name ?? '' });
  await world.advance(5_000);
  expect(await images()).toEqual(['good', 'good', 'good:2']);
  for (const image of ['good:3', 'good:4', 'good:5']) {
    await setImage(image);
    await world.advance(2_000);
  }
  // Those that pods come from stay, whatever the limit.
  expect((await world.list(controllerRevisions, 'shop')).map(({ revision }) => revision).sort()).toEqual([1, 2, 5]);
});

test('a pod that fails is replaced, later and later', async () => {
  await daemon();
  await world.advance(3_000);
  const fail = async () => {
    const victim = (await world.list(pods, 'shop')).find(({ spec }) => spec?.nodeName === 'one');
    if (victim !== undefined)
      await world.client.update(
        pods,
        { ...victim, status: { ...victim.status, phase: 'Failed' } },
        { subresource: 'status' },
      );
    return victim?.metadata.uid;
  };
  const there = async () => (await world.list(pods, 'shop')).find(({ spec }) => spec?.nodeName === 'one')?.metadata.uid;
  const first = await fail();
  await world.advance(1_500);
  expect(await there()).not.toBe(first);
  for (const pauseMs of [10_000, 10_000, 3_000]) {
    await fail();
    await world.advance(pauseMs);
  }
  const last = await fail();
  await world.advance(2_000);
  expect(await there()).toBe(last);
  await world.advance(10_000);
  expect(await there()).not.toBe(last);
  expect((await world.eventLines('agent')).join()).toMatch(
    /Warning FailedDaemonPod: Found failed daemon pod shop\/agent-[a-z0-9]+ on node one, will try to kill it/,
  );
});

test('pods that were let go are adopted again with their history', async () => {
  await daemon();
  await world.advance(3_000);
  const before = (await world.list(pods, 'shop')).map(({ metadata }) => metadata.uid).sort();
  await world.client.delete(daemonSets, { namespace: 'shop', name: 'agent' });
  const release = async <T extends KubeObject>(type: ResourceType<T>) => {
    for (const each of await world.list(type, 'shop'))
      await world.client.update(type, { ...each, metadata: { ...each.metadata, ownerReferences: [] } });
  };
  await release(pods);
  await release(controllerRevisions);
  await world.advance(1_000);
  await daemon();
  await world.advance(5_000);
  expect((await world.list(pods, 'shop')).map(({ metadata }) => metadata.uid).sort()).toEqual(before);
  expect(await world.list(controllerRevisions, 'shop')).toHaveLength(1);
});
