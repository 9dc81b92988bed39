import { describe, expect, test } from 'vitest';
import { admit, attributes, verdict } from '../../../test/support/admission.ts';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { Node, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { Ingress, IngressClass } from '../../resources/schema/networking-v1.generated.ts';
import {
  ingressClasses,
  ingresses,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  priorityClasses,
  storageClasses,
} from '../../resources/schema/resource-types.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import { PodTopologyLabels } from './pod-topology-labels.ts';
import { Priority } from './priority.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

function pod(spec: Partial<Pod['spec']> = {}): Pod {
  return { metadata: { name: 'web', namespace: 'apps' }, spec: { containers: [], ...spec } };
}

describe('Priority', () => {
  const classes = [
    { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' },
    { metadata: { name: 'usual' }, value: 10, globalDefault: true, preemptionPolicy: 'PreemptLowerPriority' },
  ] satisfies PriorityClass[];
  const withClasses = (...some: PriorityClass[]) =>
    new Priority(new FakeInformer<PriorityClass>(priorityClasses, some), new FakeReader());
  const create = (plugin: Priority, spec: Partial<Pod['spec']>) =>
    admit<Pod>(plugin, attributes('CREATE', pods, pod(spec)));

  test('a class gives priority and preemption', async () => {
    expect((await create(withClasses(...classes), { priorityClassName: 'high' })).spec).toMatchObject({
      priorityClassName: 'high',
      priority: 1000,
      preemptionPolicy: 'Never',
    });
  });

  test('the default class is for those that name none; without one the priority is 0', async () => {
    expect((await create(withClasses(...classes), {})).spec).toMatchObject({
      priorityClassName: 'usual',
      priority: 10,
    });
    const { spec } = await create(withClasses(), {});
    expect(spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    expect(spec?.priorityClassName).toBeUndefined();
  });

  test.each<[Partial<Pod['spec']>, string]>([
    [{ priorityClassName: 'nope' }, 'no PriorityClass with name nope was found'],
    [
      { priorityClassName: 'high', priority: 5 },
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    ],
    [
      { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' },
      'the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
    ],
  ])('refused: %j', async (spec, message) => {
    const plugin = withClasses(...classes);
    expect(await verdict(plugin, attributes('CREATE', pods, pod(spec)))).toBe(`pods "web" is forbidden: ${message}`);
  });

  test('a class created a moment ago is read', async () => {
    const reader = new FakeReader();
    reader.set(priorityClasses, { metadata: { name: 'fresh' }, value: 7 });
    const plugin = new Priority(new FakeInformer<PriorityClass>(priorityClasses), reader);
    expect((await create(plugin, { priorityClassName: 'fresh' })).spec?.priority).toBe(7);
  });

  test('an update that leaves priority out keeps it', async () => {
    const old = pod({ priority: 10, preemptionPolicy: 'Never' });
    const updated = await admit<Pod>(withClasses(), attributes('UPDATE', pods, pod(), { old }));
    expect(updated.spec).toMatchObject({ priority: 10, preemptionPolicy: 'Never' });
  });

  test('there is one default class', async () => {
    const second = { metadata: { name: 'second' }, value: 1, globalDefault: true };
    const plugin = withClasses(...classes);
    expect(await verdict(plugin, attributes('CREATE', priorityClasses, second))).toBe(
      'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    );
    const same = { ...classes[1], metadata: { name: 'usual' } };
    expect(await verdict(plugin, attributes('UPDATE', priorityClasses, same, { old: same }))).toBe('admitted');
  });
});

describe('DefaultTolerationSeconds', () => {
  const both = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }));
  test.each<[string, Partial<Pod['spec']>, object]>([
    ['none: both', {}, { tolerations: both }],
    [
      'one: the other',
      { tolerations: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] },
      { tolerations: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }, ...both.slice(1)] },
    ],
    ['everything: neither', { tolerations: [{ operator: 'Exists' }] }, { tolerations: [{ operator: 'Exists' }] }],
    [
      'another effect: both',
      { tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] },
      { tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }, ...both] },
    ],
  ])('%s', async (_, given, expected) => {
    for (const operation of ['CREATE', 'UPDATE'] as const) {
      const write = attributes(operation, pods, pod(given), { old: pod(given) });
      expect((await admit<Pod>(defaultTolerationSeconds, write)).spec).toMatchObject(expected);
    }
  });
});

test('an Ingress that names no class gets the newest default, the first by name among equals', async () => {
  const ingressClass = (name: string, creationTimestamp: string, isDefault = 'true'): IngressClass => ({
    metadata: { name, creationTimestamp, annotations: { 'ingressclass.kubernetes.io/is-default-class': isDefault } },
  });
  const [a, b, c] = [
    ingressClass('b', '2026-01-02T00:00:00Z'),
    ingressClass('a', '2026-01-02T00:00:00Z'),
    ingressClass('c', '2026-01-01T00:00:00Z'),
  ];
  const classAfter = async (some: readonly IngressClass[], given: Partial<Ingress> = {}) => {
    const object = { metadata: { name: 'web', namespace: 'apps' }, spec: {}, ...given };
    const plugin = defaultIngressClass(new FakeInformer<IngressClass>(ingressClasses, some));
    return (await admit<Ingress>(plugin, attributes('CREATE', ingresses, object))).spec?.ingressClassName;
  };
  expect(await classAfter([c, a, b])).toBe('a');
  expect(await classAfter([])).toBeUndefined();
  expect(await classAfter([ingressClass('a', '2026-01-02T00:00:00Z', 'yes')])).toBeUndefined();
  expect(await classAfter([a], { spec: { ingressClassName: '' } })).toBe('');
  const annotations = { 'kubernetes.io/ingress.class': 'own' };
  expect(await classAfter([a], { metadata: { name: 'web', namespace: 'apps', annotations } })).toBeUndefined();
});

describe('storage', () => {
  const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  const storageClass = (name: string, creationTimestamp: string, more: Partial<StorageClass> = {}): StorageClass => ({
    metadata: { name, creationTimestamp, annotations: isDefault },
    provisioner: 'local',
    ...more,
  });
  const claim = (spec: PersistentVolumeClaim['spec'] = {}, size = '1Gi', phase = 'Bound'): PersistentVolumeClaim => ({
    metadata: { name: 'data', namespace: 'apps' },
    spec: { ...spec, resources: { requests: { storage: size } } },
    status: { phase },
  });
  const informer = (...some: StorageClass[]) => new FakeInformer<StorageClass>(storageClasses, some);
  const classAfter = async (some: readonly StorageClass[], given: PersistentVolumeClaim) => {
    const write = attributes('CREATE', persistentVolumeClaims, given);
    return (await admit<PersistentVolumeClaim>(defaultStorageClass(informer(...some)), write)).spec?.storageClassName;
  };

  test('a claim without a class gets the newest default, the first by name among equals', async () => {
    const [a, b, c] = [
      storageClass('b', '2026-01-02T00:00:00Z'),
      storageClass('a', '2026-01-02T00:00:00Z'),
      storageClass('c', '2026-01-01T00:00:00Z'),
    ];
    expect(await classAfter([c, a, b], claim())).toBe('a');
    expect(await classAfter([], claim())).toBeUndefined();
    expect(await classAfter([a], claim({ storageClassName: '' }))).toBe('');
    expect(await classAfter([a], claim({ storageClassName: 'own' }))).toBe('own');
    expect(await classAfter([{ ...a, metadata: { name: 'b' } }], claim())).toBeUndefined();
  });

  test('claims and volumes are protected while in use', async () => {
    const write = attributes('CREATE', persistentVolumeClaims, {
      metadata: { name: 'd', namespace: 'n', finalizers: ['x'] },
    });
    const protectedClaim = await admit(storageObjectInUseProtection, write);
    expect(protectedClaim.metadata.finalizers).toEqual(['x', 'kubernetes.io/pvc-protection']);
    await admit(storageObjectInUseProtection, write);
    expect(protectedClaim.metadata.finalizers).toHaveLength(2);
    const volume = attributes('CREATE', persistentVolumes, { metadata: { name: 'v' } });
    expect((await admit(storageObjectInUseProtection, volume)).metadata.finalizers).toEqual([
      'kubernetes.io/pv-protection',
    ]);
  });

  const grow = (old: PersistentVolumeClaim, allowVolumeExpansion: boolean, size = '2Gi') => {
    const plugin = persistentVolumeClaimResize(informer(storageClass('s', '', { allowVolumeExpansion })));
    return verdict(plugin, attributes('UPDATE', persistentVolumeClaims, claim(old.spec, size), { old }));
  };
  test('a claim grows only when it is bound and its class lets it', async () => {
    const ofClass = { storageClassName: 's' };
    expect(await grow(claim(ofClass), true)).toBe('admitted');
    expect(await grow(claim(ofClass), false, '1024Mi')).toBe('admitted');
    expect(await grow(claim(ofClass, '1Gi', 'Pending'), true)).toBe(
      'persistentvolumeclaims "data" is forbidden: Only bound persistent volume claims can be expanded',
    );
    const refusal =
      'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    expect(await grow(claim(ofClass), false)).toBe(refusal);
    expect(await grow(claim(), true)).toBe(refusal);
  });
});

test('a new node takes no pods before it is ready', async () => {
  const key = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
  const create = async (node: Node) => admit<Node>(taintNodesByCondition, attributes('CREATE', nodes, node));
  expect((await create({ metadata: { name: 'n' } })).spec?.taints).toEqual([key]);
  expect((await create({ metadata: { name: 'n' }, spec: { taints: [key] } })).spec?.taints).toEqual([key]);
  const old = { metadata: { name: 'n' } };
  const updated = await admit<Node>(taintNodesByCondition, attributes('UPDATE', nodes, old, { old }));
  expect(updated.spec).toBeUndefined();
});

describe('PodTopologyLabels', () => {
  const zone = 'topology.kubernetes.io/zone';
  const reader = new FakeReader();
  reader.set(nodes, { metadata: { name: 'n1', labels: { [zone]: 'a', 'kubernetes.io/hostname': 'n1' } } });
  const plugin = new PodTopologyLabels(reader);

  test('a binding carries the zone of its node to the pod, over what the pod says', async () => {
    const binding = {
      metadata: { name: 'web', namespace: 'apps', labels: { [zone]: 'z', own: 'x' } },
      target: { kind: 'Node', name: 'n1' },
    };
    const bound = await admit(plugin, attributes('CREATE', pods, binding, { subresource: 'binding' }));
    expect(bound.metadata.labels).toEqual({ [zone]: 'a', own: 'x' });
  });

  test('so does a pod that is made on a node; a node that is not there changes nothing', async () => {
    expect((await admit(plugin, attributes('CREATE', pods, pod({ nodeName: 'n1' })))).metadata.labels).toEqual({
      [zone]: 'a',
    });
    expect((await admit(plugin, attributes('CREATE', pods, pod({ nodeName: 'n2' })))).metadata.labels).toBeUndefined();
    expect((await admit(plugin, attributes('CREATE', pods, pod()))).metadata.labels).toBeUndefined();
  });
});
