import { expect, test } from 'vitest';
import { node, pod, SchedulingFixture } from '../../../test/support/scheduling.ts';
import type { Container, PodSpec } from '../../resources/schema/core-v1.generated.ts';
import type { CycleState } from '../framework.ts';
import { podInfo } from '../pod-info.ts';

const container = (name: string, requests: Record<string, string> = {}, image = 'app'): Container => ({
  name,
  image,
  resources: { requests },
});
const spread: Partial<PodSpec> = {
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
  ],
};

// The figures are those that the scheduler of Kubernetes 1.37.1 gave for the same nodes and pods.
test.each<[string, string, Partial<PodSpec>, Record<string, string>, readonly number[] | 'skip']>([
  [
    'a container that asks for nothing counts, beside one that does',
    'NodeResourcesFit',
    { containers: [container('main', { cpu: '500m' }), container('side', { memory: '512Mi' })] },
    {},
    [71, 74, 88],
  ],
  [
    'an init container counts as well',
    'NodeResourcesFit',
    { initContainers: [container('i', { cpu: '2' })], containers: [container('main')] },
    {},
    [57, 71, 73],
  ],
  [
    'cpu and memory are used more evenly with the pod than without it',
    'NodeResourcesBalancedAllocation',
    { containers: [container('main', { cpu: '2' })] },
    {},
    [62, 81, 62],
  ],
  ['a pod that asks for nothing balances nothing', 'NodeResourcesBalancedAllocation', {}, {}, 'skip'],
  [
    'the image of an init container is there',
    'ImageLocality',
    { initContainers: [container('i', {}, 'big')], containers: [container('main')] },
    {},
    [14, 0, 0],
  ],
  [
    'an image to mount is there',
    'ImageLocality',
    { volumes: [{ name: 'v', image: { reference: 'big' } }] },
    {},
    [14, 0, 0],
  ],
  ['hosts without a zone are a zone, too', 'PodTopologySpread', {}, { app: 'web' }, [22, 22, 100]],
  ['an empty selector counts nobody', 'PodTopologySpread', spread, { app: 'web' }, [100, 100, 100]],
])('%s: %s', (_what, name, spec, labels, expected) => {
  const [a, b] = ['x', 'y'].map((zone) => ({ 'topology.kubernetes.io/zone': zone }));
  const nodes = [
    node('a', { labels: { ...a } }),
    node('b', { labels: { ...b }, allocatable: { cpu: '8', memory: '4Gi' } }),
    node('c'),
  ];
  const images = [{ names: ['big:latest'], sizeBytes: 900 * 1024 * 1024 }];
  nodes[0] = { ...nodes[0], metadata: { ...nodes[0]?.metadata }, status: { ...nodes[0]?.status, images } };
  const fixture = new SchedulingFixture(nodes, [
    pod('q', {
      on: 'a',
      labels: { app: 'web' },
      spec: { containers: [container('main', { cpu: '1' }), container('side')] },
    }),
    pod('r', { on: 'b', labels: { app: 'web' }, requests: { memory: '1Gi' } }),
  ]);
  const wanted = podInfo(pod('p', { spec, labels }));
  const state: CycleState = new Map();
  const snapshot = fixture.snapshot();
  const plugin = fixture.plugins.find((each) => each.name === name);
  if (plugin?.preScore?.(state, wanted, snapshot.nodes, snapshot) === 'skip') return expect('skip').toBe(expected);
  const scores = snapshot.nodes.map((each) => plugin?.score?.(state, wanted, each) ?? -1);
  plugin?.normalize?.(state, scores, snapshot.nodes);
  return expect(scores).toEqual(expected);
});
