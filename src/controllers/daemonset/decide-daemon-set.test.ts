import { expect, test } from 'vitest';
import { formatTime } from '../../machinery/time.ts';
import type { DaemonSet, DaemonSetUpdateStrategy } from '../../resources/schema/apps-v1.generated.ts';
import type { Node, Pod, PodSpec, Taint } from '../../resources/schema/core-v1.generated.ts';
import { placementOf, templateFor } from './daemon-pods.ts';
import { DaemonView, daemonSetStatus, decidePlacement, decideRollingUpdate } from './decide-daemon-set.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const rolling = (rollingUpdate: object): DaemonSetUpdateStrategy => ({ type: 'RollingUpdate', rollingUpdate });
const oneMissing = rolling({ maxUnavailable: 1, maxSurge: 0 });
const oneMore = rolling({ maxUnavailable: 0, maxSurge: 1 });
const set = (updateStrategy = oneMissing, spec: Partial<PodSpec> = {}, minReadySeconds = 0): DaemonSet => ({
  metadata: { name: 'agent', uid: 'u', annotations: { 'deprecated.daemonset.template.generation': '2' } },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    updateStrategy,
    minReadySeconds,
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [], ...spec } },
  },
});
const node = (name: string, taints: readonly Taint[] = [], labels: Record<string, string> = {}): Node => ({
  metadata: { name, labels },
  spec: { taints },
});
const taint = (key: string, effect: string): Taint => ({ key, effect });

interface PodOptions {
  readonly hash?: string;
  readonly ready?: boolean;
  readonly deleting?: boolean;
  readonly phase?: string;
  readonly bound?: boolean;
  readonly age?: number;
}
function pod(name: string, on: string, options: PodOptions = {}): Pod {
  const { hash = 'new', ready = true, deleting = false, phase = 'Running', bound = true, age = 60 } = options;
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [on] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  const since = formatTime(now - age * 1000);
  return {
    metadata: {
      name,
      creationTimestamp: since,
      labels: { app: 'agent', 'controller-revision-hash': hash },
      ...(deleting && { deletionTimestamp: formatTime(now) }),
    },
    spec: {
      containers: [],
      ...(bound
        ? { nodeName: on }
        : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }),
    },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since }] },
  };
}
const view = (daemonSet: DaemonSet, nodes: readonly Node[], pods: readonly Pod[]) =>
  new DaemonView({ set: daemonSet, nodes, pods, hash: 'new', now });
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const placed = (daemonSet: DaemonSet, nodes: readonly Node[], pods: readonly Pod[]) => {
  const { create, remove, ended } = decidePlacement(view(daemonSet, nodes, pods));
  return { create, remove: names(remove), ended: names(ended.map((each) => each.pod)) };
};
const rolled = (daemonSet: DaemonSet, nodes: readonly Node[], pods: readonly Pod[]) => {
  const { create, remove } = decideRollingUpdate(view(daemonSet, nodes, pods));
  return { create, remove: names(remove) };
};

test('a node has a pod when its labels and taints allow it', () => {
  const on = (each: Node, spec: Partial<PodSpec> = {}) => placementOf(set(oneMissing, spec)).on(each);
  const both = { shouldRun: true, mayStay: true };
  const neither = { shouldRun: false, mayStay: false };
  expect(on(node('a'))).toEqual(both);
  expect(on(node('a'), { nodeSelector: { disk: 'ssd' } })).toEqual(neither);
  expect(on(node('a', [], { disk: 'ssd' }), { nodeSelector: { disk: 'ssd' } })).toEqual(both);
  expect(on(node('a'), { nodeName: 'b' })).toEqual(neither);
  expect(on(node('a', [taint('mine', 'NoSchedule')]))).toEqual({ shouldRun: false, mayStay: true });
  expect(on(node('a', [taint('mine', 'NoExecute')]))).toEqual(neither);
  expect(on(node('a', [taint('mine', 'PreferNoSchedule')]))).toEqual(both);
  for (const [key, effect] of [
    ['not-ready', 'NoExecute'],
    ['unreachable', 'NoExecute'],
    ['disk-pressure', 'NoSchedule'],
    ['unschedulable', 'NoSchedule'],
  ] as const)
    expect(on(node('a', [taint(`node.kubernetes.io/${key}`, effect)]))).toEqual(both);
  const noNetwork = node('a', [taint('node.kubernetes.io/network-unavailable', 'NoSchedule')]);
  expect(on(noNetwork).shouldRun).toBe(false);
  expect(on(noNetwork, { hostNetwork: true }).shouldRun).toBe(true);
});

test('the pod of a node asks for it by name, tolerates its troubles, and says what it comes from', () => {
  const given = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
  const preferred = [{ weight: 1, preference: {} }];
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}, {}] },
  };
  const { metadata, spec } = templateFor(
    set(oneMissing, { tolerations: [given], affinity: { nodeAffinity } }),
    'h',
    'a',
  );
  expect(metadata?.labels).toEqual({
    app: 'agent',
    'controller-revision-hash': 'h',
    'pod-template-generation': '2',
  });
  expect(spec?.affinity?.nodeAffinity).toEqual({
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
    },
  });
  expect(spec?.tolerations?.map(({ key = '', tolerationSeconds }) => [key.slice(19), tolerationSeconds])).toEqual([
    ['not-ready', undefined],
    ['unreachable', undefined],
    ['disk-pressure', undefined],
    ['memory-pressure', undefined],
    ['pid-pressure', undefined],
    ['unschedulable', undefined],
  ]);
});

test('nodes get what they lack and lose what they should not have', () => {
  const nodes = [
    node('a'),
    node('b'),
    node('c', [taint('x', 'NoExecute')]),
    node('d', [taint('x', 'NoSchedule')]),
    node('e'),
  ];
  const pods = [
    pod('old', 'b', { age: 90 }),
    pod('twice', 'b'),
    pod('must-go', 'c'),
    pod('may-stay', 'd'),
    pod('failed', 'e', { phase: 'Failed' }),
    pod('nowhere', 'gone', { bound: false }),
    pod('for-the-collector', 'gone'),
  ];
  expect(placed(set(), nodes, pods)).toEqual({
    create: ['a'],
    remove: ['twice', 'must-go', 'nowhere'],
    ended: ['failed'],
  });
  expect(placed(set(), [node('a')], [pod('waits', 'a', { bound: false })])).toEqual({
    create: [],
    remove: [],
    ended: [],
  });
  expect(placed(set(), [node('a')], [pod('leaving', 'a', { deleting: true })]).create).toEqual([]);
  expect(placed(set(oneMore), [node('a')], [pod('leaving', 'a', { deleting: true })]).create).toEqual(['a']);
});

test('pods of an old template are deleted, as many as may be missing', () => {
  const nodes = ['a', 'b', 'c', 'd'].map((name) => node(name));
  const old = (name: string, on: string, more: PodOptions = {}) => pod(name, on, { hash: 'old', ...more });
  const all = [old('a1', 'a'), old('b1', 'b'), old('c1', 'c'), old('d1', 'd')];
  expect(rolled(set(), nodes, all).remove).toEqual(['a1']);
  expect(rolled(set(rolling({ maxUnavailable: '50%', maxSurge: 0 })), nodes, all).remove).toEqual(['a1', 'b1']);
  // One that is no use anyway goes beside, and counts.
  expect(rolled(set(), nodes, [old('a1', 'a', { ready: false }), ...all.slice(1)]).remove).toEqual(['a1']);
  // A new one that is not ready yet has to become so first.
  expect(rolled(set(), nodes, [pod('a2', 'a', { ready: false }), ...all.slice(1)]).remove).toEqual([]);
  expect(rolled(set(oneMissing, {}, 90), nodes, [pod('a2', 'a'), ...all.slice(1)]).remove).toEqual(['b1', 'c1', 'd1']);
  expect(rolled(set(oneMissing, {}, 30), nodes, [pod('a2', 'a'), ...all.slice(1)]).remove).toEqual(['b1']);
  expect(
    rolled(set({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } }), nodes, all).remove,
  ).toEqual(['a1']);
});

test('with surge the new pod comes beside the old one, which goes when the new one is available', () => {
  const nodes = ['a', 'b', 'c'].map((name) => node(name));
  const old = (name: string, on: string, more: PodOptions = {}) => pod(name, on, { hash: 'old', ...more });
  const all = [old('a1', 'a'), old('b1', 'b'), old('c1', 'c')];
  expect(rolled(set(oneMore), nodes, all)).toEqual({ create: ['a'], remove: [] });
  expect(rolled(set(oneMore), nodes, [...all, pod('a2', 'a', { ready: false })])).toEqual({ create: [], remove: [] });
  expect(rolled(set(oneMore), nodes, [...all, pod('a2', 'a')])).toEqual({ create: ['b'], remove: ['a1'] });
  expect(rolled(set(oneMore), nodes, [old('a1', 'a', { ready: false }), ...all.slice(1)])).toEqual({
    create: ['a', 'b'],
    remove: [],
  });
  expect(placed(set(oneMore), nodes, [...all, pod('a2', 'a')]).remove).toEqual(['a1']);
  expect(placed(set(oneMore), nodes, [...all, pod('a2', 'a', { ready: false })]).remove).toEqual([]);
  expect(placed(set(oneMore), nodes, [...all, pod('a2', 'a', { ready: false }), pod('a3', 'a')]).remove).toEqual([
    'a3',
  ]);
});

test('the counters', () => {
  const nodes = [node('a'), node('b'), node('c'), node('d', [taint('x', 'NoSchedule')])];
  const pods = [pod('a1', 'a'), pod('b1', 'b', { hash: 'old', ready: false }), pod('d1', 'd')];
  expect(daemonSetStatus(view(set(), nodes, pods))).toEqual({
    currentNumberScheduled: 2,
    numberMisscheduled: 1,
    desiredNumberScheduled: 3,
    numberReady: 1,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
  });
});
