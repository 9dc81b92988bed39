import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cluster, createCluster } from '../../src/cluster/create-cluster.ts';
import type { HorizontalPodAutoscalerSpec } from '../../src/resources/schema/autoscaling-v2.generated.ts';
import { deployments, events, horizontalPodAutoscalers } from '../../src/resources/schema/resource-types.generated.ts';

/** Cores that are asked of the application as a whole; its pods share them. */
let load: number;
let replicas: number;
let cluster: Cluster;
beforeEach(async () => {
  load = 0;
  replicas = 1;
  const runtime = { program: () => ({ cpuCores: () => load / replicas, memoryBytes: 64 * 2 ** 20 }) };
  cluster = await createCluster({ time: 'virtual', nodes: [{ name: 'node-0', runtime }] });
});
afterEach(() => cluster.close());

const key = { namespace: 'default', name: 'web' };

async function deploy(spec: Partial<HorizontalPodAutoscalerSpec>): Promise<void> {
  const containers = [{ name: 'main', image: 'app:1', resources: { requests: { cpu: '100m' } } }];
  await cluster.client.create(deployments, {
    metadata: key,
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
    },
  });
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
  ];
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  await cluster.client.create(horizontalPodAutoscalers, {
    metadata: key,
    spec: { scaleTargetRef, maxReplicas: 10, metrics, ...spec },
  });
}

/** How many pods there were to be in each quarter of a minute that passes. */
async function history(minutes: number): Promise<readonly number[]> {
  const seen: number[] = [];
  for (let quarter = 0; quarter < minutes * 4; quarter++) {
    await cluster.advance('15s');
    const { spec, status } = await cluster.client.get(deployments, key);
    replicas = Math.max(1, status?.readyReplicas ?? 1);
    seen.push(spec.replicas ?? 0);
  }
  return seen;
}

const changes = (seen: readonly number[]) => seen.filter((each, index) => each !== seen[index - 1]);
const autoscaler = () => cluster.client.get(horizontalPodAutoscalers, key);

async function told(): Promise<readonly string[]> {
  const { items } = await cluster.client.list(events, {
    namespace: 'default',
    fieldSelector: 'involvedObject.kind=HorizontalPodAutoscaler',
  });
  return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

test('replicas follow the load up at once, and down when it has been low for five minutes', async () => {
  load = 0.4;
  await deploy({});
  // No step is larger than to four pods, or to twice as many.
  expect(changes(await history(4))).toEqual([4, 8]);
  expect(await autoscaler()).toMatchObject({
    status: {
      observedGeneration: 1,
      currentReplicas: 8,
      desiredReplicas: 8,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '50m' } } },
      ],
    },
  });
  load = 0.04;
  const down = await history(7);
  // The figures of a quarter of a minute before still count, and so does the highest recommendation of the last five.
  const falls = down.findIndex((each) => each < 8);
  expect(falls).toBeGreaterThanOrEqual(20);
  expect(falls).toBeLessThanOrEqual(23);
  expect(down.at(-1)).toBe(1);
  const { status } = await autoscaler();
  expect(status?.conditions?.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`)).toEqual([
    'AbleToScale True ReadyForNewScale',
    'ScalingActive True ValidMetricFound',
    'ScalingLimited False DesiredWithinRange',
    'ScaledToZero False NotScaledToZero',
  ]);
  const lines = await told();
  expect(lines.filter((line) => line.startsWith('Normal'))).toEqual([
    'Normal SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
    // The new pods were not measured yet: it was the recommendation of the look before that was still to be followed.
    'Normal SuccessfulRescale: New size: 8; reason: ',
    'Normal SuccessfulRescale: New size: 1; reason: All metrics below target',
  ]);
});

test('rules of its own bound how fast it goes', async () => {
  load = 0.4;
  const behavior = {
    scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }] },
  };
  await deploy({ behavior, maxReplicas: 4 });
  // A pod a minute.
  expect(await history(3)).toEqual([2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]);
  load = 0.01;
  expect(changes(await history(4))).toEqual([2, 1]);
});

test('without figures it says so, and keeps what there is', async () => {
  await deploy({
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 50 } } },
    ],
  });
  await history(2);
  const why = 'failed to get memory utilization: missing request for memory in container main of Pod ';
  const { status } = await autoscaler();
  expect(status).toMatchObject({ currentReplicas: 1, desiredReplicas: 0, currentMetrics: [{ type: '' }] });
  const active = status?.conditions?.find(({ type }) => type === 'ScalingActive');
  expect(active).toMatchObject({ status: 'False', reason: 'FailedGetResourceMetric' });
  expect(active?.message).toContain(`the HPA was unable to compute the replica count: ${why}`);
  const lines = (await told()).join('\n');
  expect(lines).toContain(`Warning FailedGetResourceMetric: ${why}`);
  expect(lines).toContain(
    `Warning FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get memory resource metric value: ${why}`,
  );
});
