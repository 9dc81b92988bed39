import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { formatTime } from '../../machinery/time.ts';
import type { PodDisruptionBudgetSpec } from '../../resources/schema/policy-v1.generated.ts';
import {
  configMaps,
  deployments,
  podDisruptionBudgets,
  pods,
  replicationControllers,
} from '../../resources/schema/resource-types.generated.ts';
import { deploymentController } from '../deployment/deployment-controller.ts';
import { replicaSetController } from '../replicaset/replica-set-controller.ts';
import { disruptionController } from './disruption-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.startKubelet();
  world.start(deploymentController, replicaSetController, (context) =>
    disruptionController(context, {
      discover: () => [
        { type: configMaps, verbs: [], hasScale: false },
        { type: replicationControllers, verbs: [], hasScale: true },
      ],
    }),
  );
});
afterEach(() => world.stop());

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'good' }] } };
const deploy = (replicas: number) =>
  world.client.create(deployments, {
    metadata: { namespace: 'shop', name: 'web' },
    spec: { replicas, selector: { matchLabels: labels }, template },
  });
const protect = (spec: PodDisruptionBudgetSpec, name = 'b') =>
  world.client.create(podDisruptionBudgets, {
    metadata: { namespace: 'shop', name },
    spec: { selector: { matchLabels: labels }, ...spec },
  });
const status = async () => (await world.client.get(podDisruptionBudgets, { namespace: 'shop', name: 'b' })).status;
const bare = (name: string, ownerReferences: readonly object[] = []) =>
  world.client.create(pods, {
    metadata: { namespace: 'shop', name, labels, ownerReferences: ownerReferences as never },
    spec: template.spec,
  });

test('counts against the scale of the Deployment, and follows it and its pods', async () => {
  await protect({ maxUnavailable: '25%' });
  await world.advance(1_000);
  expect(await status()).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0, observedGeneration: 1 });
  expect(await world.eventLines('b')).toEqual(['Normal NoPods: No matching pods found']);
  await deploy(4);
  await world.advance(5_000);
  expect(await status()).toMatchObject({
    disruptionsAllowed: 1,
    currentHealthy: 4,
    desiredHealthy: 3,
    expectedPods: 4,
    conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
  });
  const [victim] = await world.list(pods, 'shop');
  if (victim !== undefined) await world.setReady(victim, false);
  await world.environment.settle();
  expect(await status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 3 });
  const budget = await world.client.get(podDisruptionBudgets, { namespace: 'shop', name: 'b' });
  await world.client.update(podDisruptionBudgets, { ...budget, spec: { ...budget.spec, maxUnavailable: 3 } });
  await world.environment.settle();
  expect(await status()).toMatchObject({ disruptionsAllowed: 2, desiredHealthy: 1, observedGeneration: 2 });
});

test('pods of nobody make a percentage unknowable, and an owner that cannot be scaled allows nothing', async () => {
  await bare('alone');
  await protect({ minAvailable: '50%' });
  await world.advance(2_000);
  expect(await status()).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0 });
  const [, unmanaged] = [...(await world.eventLines('b'))].sort();
  expect((await world.eventLines('b')).join()).toContain(
    'Warning UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged.',
  );
  expect(unmanaged ?? '').not.toContain('CalculateExpected');
  const owner = await world.client.create(configMaps, { metadata: { namespace: 'shop', name: 'o' } });
  const { name = '', uid = '' } = owner.metadata;
  await bare('owned', [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }]);
  await world.advance(2_000);
  expect(await status()).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [
      { status: 'False', reason: 'SyncFailed', message: 'configmaps does not implement the scale subresource' },
    ],
  });
  expect(await world.eventLines('b')).toContain(
    'Warning CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: configmaps does not implement the scale subresource',
  );
});

test('a pod with more than one budget is told of it', async () => {
  await protect({ minAvailable: 1 });
  await protect({ minAvailable: 1 }, 'c');
  await world.environment.settle();
  await bare('both');
  await world.advance(1_000);
  expect((await world.eventLines('both')).join()).toMatch(
    /^Warning MultiplePodDisruptionBudgets: Pod "shop"\/"both" matches multiple PodDisruptionBudgets. {2}Chose "[bc]" arbitrarily.$/,
  );
});

test('a pod that was to be disrupted and stays is told that it is not', async () => {
  const pod = await bare('spared');
  await world.advance(2_000);
  const time = formatTime(world.environment.now());
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    lastTransitionTime: time,
  };
  const fresh = await world.client.get(pods, { namespace: 'shop', name: 'spared' });
  const conditions = [...(fresh.status?.conditions ?? []), condition];
  await world.client.update(pods, { ...fresh, status: { ...fresh.status, conditions } }, { subresource: 'status' });
  const target = async () =>
    (await world.client.get(pods, { namespace: 'shop', name: pod.metadata.name ?? '' })).status?.conditions?.find(
      ({ type }) => type === 'DisruptionTarget',
    )?.status;
  await world.advance(110_000);
  expect(await target()).toBe('True');
  await world.advance(15_000);
  expect(await target()).toBe('False');
});
