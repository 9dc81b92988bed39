import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { draft } from '../../machinery/object.ts';
import type { CrossVersionObjectReference, MetricSpec } from '../../resources/schema/autoscaling-v2.generated.ts';
import {
  daemonSets,
  deployments,
  horizontalPodAutoscalers,
  pods,
} from '../../resources/schema/resource-types.generated.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  const served = [deployments, daemonSets].map((type) => ({ type, verbs: [], hasScale: type === deployments }));
  world.start((context) => horizontalPodAutoscalerController(context, { discover: () => served }));
});
afterEach(() => world.stop());

const web: CrossVersionObjectReference = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' };

async function deploy(replicas: number, name = 'web'): Promise<void> {
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'good' }] } };
  await world.client.create(deployments, {
    metadata: { namespace: 'shop', name },
    spec: { replicas, selector: { matchLabels: labels }, template },
  });
  await world.client.create(pods, { metadata: { namespace: 'shop', name: `${name}-1`, labels }, spec: template.spec });
}

async function autoscale(spec: object = {}, name = 'web', scaleTargetRef = web): Promise<void> {
  await world.client.create(horizontalPodAutoscalers, {
    metadata: { namespace: 'shop', name },
    spec: { scaleTargetRef, maxReplicas: 3, ...spec },
  });
  await world.advance(1_000);
}

async function statusOf(name = 'web') {
  const { status } = await world.client.get(horizontalPodAutoscalers, { namespace: 'shop', name });
  const { conditions = [], ...rest } = status ?? {};
  return {
    ...rest,
    conditions: conditions.map((each) => `${each.type} ${each.status} ${each.reason}: ${each.message}`),
  };
}

const replicas = async () => (await world.client.get(deployments, { namespace: 'shop', name: 'web' })).spec.replicas;
const able = "AbleToScale True SucceededGetScale: the HPA controller was able to get the target's current scale";
const unable = "AbleToScale False FailedGetScale: the HPA controller was unable to get the target's current scale: ";

// All words are those of a Kubernetes 1.37 without any API of metrics.
test.each([
  ['is not there', web, 'deployments.apps "web" not found'],
  ['is asked for in another version', { ...web, apiVersion: 'apps/v7' }, 'deployments.apps "web" not found'],
  ['is of no kind', { ...web, kind: 'Sail', apiVersion: 'sea.io/v1' }, 'no matches for kind "Sail" in group "sea.io"'],
  ['has no scale', { ...web, kind: 'DaemonSet' }, 'the server could not find the requested resource'],
])('says so when its target %s', async (_what, target, why) => {
  await autoscale({}, 'web', target);
  expect(await statusOf()).toEqual({ desiredReplicas: 0, currentMetrics: null, conditions: [`${unable}${why}`] });
  expect(await world.eventLines('web')).toEqual([`Warning FailedGetScale: ${why}`]);
});

test('leaves a target alone that somebody scaled to nothing', async () => {
  await deploy(0);
  await autoscale();
  expect(await statusOf()).toEqual({
    observedGeneration: 1,
    desiredReplicas: 0,
    currentMetrics: null,
    conditions: [
      able,
      'ScalingActive False ScalingDisabled: scaling is disabled since the replica count of the target is zero',
    ],
  });
});

test.each([
  [5, 3, 'Current number of replicas above Spec.MaxReplicas'],
  [1, 2, 'Current number of replicas below Spec.MinReplicas'],
])('brings %i replicas within the bounds whatever metrics say', async (before, after, reason) => {
  await deploy(before);
  await autoscale({ minReplicas: 2 });
  expect(await replicas()).toBe(after);
  expect(await statusOf()).toEqual({
    observedGeneration: 1,
    lastScaleTime: '2026-01-01T00:00:00Z',
    currentReplicas: before,
    desiredReplicas: after,
    currentMetrics: null,
    conditions: [
      `AbleToScale True SucceededRescale: the HPA controller was able to update the target scale to ${after}`,
      'ScaledToZero False NotScaledToZero: the HPA controller did not scale the workload to zero',
    ],
  });
  expect(await world.eventLines('web')).toEqual([`Normal SuccessfulRescale: New size: ${after}; reason: ${reason}`]);
});

const pointOf = { describedObject: { kind: 'Service', name: 'main', apiVersion: 'v1' }, metric: { name: 'rps' } };
const matchExpressions = [{ key: 'x', operator: 'In', values: ['p', 'q'] }];
const noCustom =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
const noExternal =
  'unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)';
const onMain = `unable to get metric rps on Service shop/main: ${noCustom}`;
const queue = 'unable to get external metric shop/queue/';
const words =
  '&LabelSelector{MatchLabels:map[string]string{a: b,b: c,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:x,Operator:In,Values:[p q],},},}';
const value = { type: 'Value', value: '1k' };
const average = { type: 'AverageValue', averageValue: '1k' };

test.each<[string, MetricSpec, reason: string, why: string, inWhole: string]>([
  [
    'pods',
    { type: 'Pods', pods: { metric: { name: 'rps' }, target: average } },
    'FailedGetPodsMetric',
    `unable to get metric rps: ${noCustom}`,
    `failed to get pods metric value: unable to get metric rps: ${noCustom}`,
  ],
  [
    'an object',
    { type: 'Object', object: { ...pointOf, target: value } },
    'FailedGetObjectMetric',
    onMain,
    `failed to get object metric value: ${onMain}`,
  ],
  [
    'an object, for each pod',
    { type: 'Object', object: { ...pointOf, target: average } },
    'FailedGetObjectMetric',
    onMain,
    `failed to get object metric value: failed to get rps object metric: ${onMain}`,
  ],
  [
    'something else',
    {
      type: 'External',
      external: {
        metric: { name: 'queue', selector: { matchLabels: { b: 'c', a: 'b' }, matchExpressions } },
        target: value,
      },
    },
    'FailedGetExternalMetric',
    `${queue}${words}: ${noExternal}`,
    `failed to get queue external metric value: failed to get external metric queue: ${queue}${words}: ${noExternal}`,
  ],
  [
    'something else, for each pod',
    { type: 'External', external: { metric: { name: 'queue' }, target: average } },
    'FailedGetExternalMetric',
    `${queue}nil: ${noExternal}`,
    `failed to get queue external metric value: failed to get queue external metric: ${queue}nil: ${noExternal}`,
  ],
])('a metric of %s cannot be had', async (_what, metric, reason, why, inWhole) => {
  await deploy(2);
  await autoscale({ metrics: [metric] });
  expect(await statusOf()).toEqual({
    observedGeneration: 1,
    currentReplicas: 2,
    desiredReplicas: 0,
    currentMetrics: [{ type: '' }],
    conditions: [able, `ScalingActive False ${reason}: the HPA was unable to compute the replica count: ${why}`],
  });
  expect(await world.eventLines('web')).toEqual([
    `Warning ${reason}: ${why}`,
    `Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: ${inWhole}`,
  ]);
});

test('what pods use cannot be had where nobody measures it', async () => {
  await deploy(2);
  await autoscale();
  const why =
    'failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource';
  expect((await world.eventLines('web'))[0]).toContain(`Warning FailedGetResourceMetric: ${why}`);
});

test('pods of one target are counted by one autoscaler alone', async () => {
  await deploy(2);
  await autoscale();
  await autoscale({}, 'twin');
  const why = 'pods by selector app=web are controlled by more than one HPA (e.g. [shop/web shop/twin])';
  expect((await statusOf('twin')).conditions).toEqual([able, `ScalingActive False AmbiguousSelector: ${why}`]);
  expect(await world.eventLines('twin')).toEqual([
    `Warning AmbiguousSelector: ${why}`,
    `Warning FailedComputeMetricsReplicas: ${why}`,
  ]);
  await world.client.delete(horizontalPodAutoscalers, { namespace: 'shop', name: 'web' });
  await world.advance(15_000);
  expect((await statusOf('twin')).conditions[1]).toContain('FailedGetResourceMetric');
});

test('looks again every 15 seconds, and at once when it is changed', async () => {
  await deploy(2);
  await autoscale();
  const live = draft(await world.client.get(horizontalPodAutoscalers, { namespace: 'shop', name: 'web' }));
  live.spec.minReplicas = 3;
  await world.client.update(horizontalPodAutoscalers, live);
  await world.advance(1_000);
  expect(await replicas()).toBe(3);
  expect(await statusOf()).toMatchObject({ observedGeneration: 2, currentReplicas: 2 });
  await world.advance(12_000);
  expect(await statusOf()).toMatchObject({ currentReplicas: 2 });
  await world.advance(3_000);
  expect(await statusOf()).toMatchObject({ currentReplicas: 3 });
});
