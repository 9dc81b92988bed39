import { describe, expect, test } from 'vitest';
import { node, pod, SchedulingFixture } from '../../test/support/scheduling.ts';
import type { PodSpec } from '../resources/schema/core-v1.generated.ts';

const spread = (topologyKey: string, maxSkew = 1): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } },
  ],
});

const antiAffinity = (topologyKey: string): Partial<PodSpec> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app: 'web' } } }],
    },
  },
});

describe('why no node takes a pod, in the words that Kubernetes uses', () => {
  const reasons: readonly (readonly [
    string,
    ConstructorParameters<typeof SchedulingFixture>,
    ReturnType<typeof pod>,
    string,
  ])[] = [
    [
      'resources',
      [[node('a')]],
      pod('p', { requests: { cpu: '100', memory: '1Ti' } }),
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
    ],
    [
      'resources taken by others',
      [[node('a')], [pod('q', { requests: { cpu: '3' }, on: 'a' })]],
      pod('p', { requests: { cpu: '1500m' } }),
      '0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [
      'resources that another has not given back yet',
      [
        [node('a')],
        [
          {
            ...pod('q', { requests: { cpu: '1' }, on: 'a' }),
            status: { allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '3' } } },
          },
        ],
      ],
      pod('p', { requests: { cpu: '1500m' } }),
      '0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [
      'pods',
      [[node('a', { allocatable: { pods: '1' } })], [pod('q', { on: 'a' })]],
      pod('p'),
      '0/1 nodes are available: 1 Too many pods.',
    ],
    [
      'selector',
      [[node('a')]],
      pod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'taints and cordons, counted',
      [
        [
          node('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }),
          node('b', { spec: { taints: [{ key: 'k', value: 'w', effect: 'NoExecute' }] } }),
          node('c', { spec: { unschedulable: true } }),
        ],
      ],
      pod('p'),
      '0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s).',
    ],
    [
      'host ports',
      [
        [node('a')],
        [pod('q', { on: 'a', spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] } })],
      ],
      pod('p', {
        spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80, hostIP: '10.0.0.1' }] }] },
      }),
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      'a claim that does not exist',
      [[node('a')]],
      pod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'nope' } }] } }),
      '0/1 nodes are available: persistentvolumeclaim "nope" not found.',
    ],
    [
      'a topology key that no node has',
      [[node('a')]],
      pod('p', { labels: { app: 'web' }, spec: spread('zone') }),
      "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label).",
    ],
    [
      'pod affinity without anyone to join',
      [[node('a')]],
      pod('p', {
        spec: {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'other' } } },
              ],
            },
          },
        },
      }),
      "0/1 nodes are available: 1 node(s) didn't match pod affinity rules.",
    ],
    [
      'anti-affinity of pods that are there',
      [[node('a')], [pod('q', { on: 'a', labels: { app: 'web' }, spec: antiAffinity('kubernetes.io/hostname') })]],
      pod('p', { labels: { app: 'web' } }),
      "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
    ],
    [
      'a claim for devices that is not there',
      [[node('a')]],
      pod('p', { spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] } }),
      '0/1 nodes are available: resourceclaim.resource.k8s.io "gpu" not found.',
    ],
    ['an empty cluster', [[]], pod('p'), 'no nodes available to schedule pods'],
  ];
  test.each(reasons)('%s', (_name, cluster, wanted, message) => {
    expect(new SchedulingFixture(...cluster).schedule(wanted)).toBe(message);
  });
});

describe('where a pod goes', () => {
  test('to the emptier node', () => {
    const fixture = new SchedulingFixture(
      [node('a'), node('b')],
      [pod('q', { on: 'a', requests: { cpu: '2', memory: '4Gi' } })],
    );
    expect(fixture.schedule(pod('p', { requests: { cpu: '500m', memory: '512Mi' } }))).toBe('b');
  });

  test('to a node whose taint it tolerates', () => {
    const tainted = node('a', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } });
    const tolerations = [{ key: 'gpu', operator: 'Exists' }];
    expect(new SchedulingFixture([tainted]).schedule(pod('p', { spec: { tolerations } }))).toBe('a');
  });

  test('away from a PreferNoSchedule taint', () => {
    const avoided = node('a', { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } });
    const fixture = new SchedulingFixture([avoided, node('b')]);
    for (let count = 0; count < 5; count++) expect(fixture.schedule(pod('p'))).toBe('b');
  });

  test('to the node it prefers', () => {
    const preference = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
    const affinity = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 50, preference }] },
    };
    const fixture = new SchedulingFixture([node('a'), node('b', { labels: { disk: 'ssd' } }), node('c')]);
    expect(fixture.schedule(pod('p', { spec: { affinity } }))).toBe('b');
  });

  test('replicas of one owner are spread over hosts without being told to', () => {
    const fixture = new SchedulingFixture([node('a'), node('b'), node('c')]);
    const chosen = ['1', '2', '3'].map((each) => fixture.place(pod(each, { labels: { app: 'web' } })));
    expect(new Set(chosen).size).toBe(3);
  });

  test('a hard spread over zones is kept', () => {
    const nodes = ['x', 'x', 'y'].map((zone, index) => node(`n${index}`, { labels: { zone } }));
    const fixture = new SchedulingFixture(nodes);
    const zones = [1, 2, 3, 4, 5, 6].map((each) => {
      const chosen = fixture.place(pod(`${each}`, { labels: { app: 'web' }, spec: spread('zone') }));
      return chosen === 'n2' ? 'y' : 'x';
    });
    expect(zones.filter((zone) => zone === 'y')).toHaveLength(3);
  });

  test('anti-affinity keeps replicas apart until no host is left', () => {
    const fixture = new SchedulingFixture([node('a'), node('b')]);
    const wanted = (name: string) =>
      pod(name, { labels: { app: 'web' }, spec: antiAffinity('kubernetes.io/hostname') });
    expect(new Set([fixture.place(wanted('1')), fixture.place(wanted('2'))]).size).toBe(2);
    expect(fixture.schedule(wanted('3'))).toBe(
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
    );
  });

  test('the first pod of a group that wants to be with itself may start it', () => {
    const affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } },
        ],
      },
    };
    const nodes = ['x', 'y', 'y'].map((zone, index) => node(`n${index}`, { labels: { zone } }));
    const fixture = new SchedulingFixture(nodes);
    const zoneOf = (name: string) => (name === 'n0' ? 'x' : 'y');
    const zones = [1, 2, 3].map((each) =>
      zoneOf(fixture.place(pod(`${each}`, { labels: { app: 'web' }, spec: { affinity } }))),
    );
    expect(new Set(zones).size).toBe(1);
  });

  test('affinity reaches into namespaces that are selected by label', () => {
    const affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { app: 'db' } },
            namespaceSelector: { matchLabels: { team: 'one' } },
          },
        ],
      },
    };
    const placed = [
      pod('db', { on: 'a', labels: { app: 'db' }, namespace: 'theirs' }),
      pod('db', { on: 'b', labels: { app: 'db' }, namespace: 'ours' }),
    ];
    const fixture = new SchedulingFixture([node('a'), node('b')], placed, {
      ours: { team: 'one' },
      theirs: { team: 'two' },
    });
    expect(fixture.schedule(pod('p', { spec: { affinity } }))).toBe('b');
  });

  test('the peak of init containers and sidecars counts', () => {
    const container = (name: string, cpu: string, restartPolicy?: string) => ({
      name,
      resources: { requests: { cpu } },
      ...(restartPolicy !== undefined && { restartPolicy }),
    });
    const spec = {
      initContainers: [container('sidecar', '1', 'Always'), container('init', '3500m')],
      containers: [container('main', '500m')],
    };
    expect(new SchedulingFixture([node('a')]).schedule(pod('p', { spec }))).toContain('Insufficient cpu');
    expect(new SchedulingFixture([node('a', { allocatable: { cpu: '4500m' } })]).schedule(pod('p', { spec }))).toBe(
      'a',
    );
  });

  test('a large cluster is searched from where the last search ended', () => {
    const fixture = new SchedulingFixture(Array.from({ length: 1000 }, (_, index) => node(`n${index}`)));
    const attempt = fixture.attempt(pod('p'));
    expect(attempt).toMatchObject({ outcome: 'placed', evaluated: 420 });
  });
});

describe('a pod that calls nodes by name', () => {
  const named = (...terms: readonly (readonly string[])[]) =>
    pod('p', {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: terms.map((values) => ({
                matchFields: [{ key: 'metadata.name', operator: 'In', values: [...values] }],
              })),
            },
          },
        },
      },
    });
  const nodes = Array.from({ length: 300 }, (_, index) => node(`n${index}`));

  test('has only those looked at', () => {
    const fixture = new SchedulingFixture(nodes);
    expect(fixture.attempt(named(['n7']))).toMatchObject({ outcome: 'placed', nodeName: 'n7', evaluated: 1 });
    expect(fixture.attempt(named(['n7', 'gone'], ['n8']))).toMatchObject({ outcome: 'placed', evaluated: 2 });
  });

  test('is told why none of them would have it', () => {
    const full = new SchedulingFixture([node('a', { allocatable: { pods: '0' } }), node('b'), node('c')]);
    expect(full.schedule(named(['a']))).toBe(
      "0/3 nodes are available: 1 Too many pods, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    );
    expect(full.schedule(named(['gone']))).toBe(
      "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    );
  });
});
