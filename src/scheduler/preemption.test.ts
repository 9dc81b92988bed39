import { expect, test } from 'vitest';
import { node, pod, SchedulingFixture } from '../../test/support/scheduling.ts';
import type { Pod } from '../resources/schema/core-v1.generated.ts';
import { podInfo } from './pod-info.ts';
import { findPreemption } from './preemption.ts';

const prioritized = (name: string, priority: number, cpu: string, on?: string): Pod =>
  pod(name, { requests: { cpu }, spec: { priority }, ...(on !== undefined && { on }) });

function preempt(fixture: SchedulingFixture, wanted: Pod) {
  const attempt = fixture.attempt(wanted);
  if (attempt.outcome !== 'rejected') throw new Error('the pod fits without preemption');
  return findPreemption(fixture.plugins, attempt.state, podInfo(wanted), fixture.snapshot(), attempt.diagnosis);
}

test('the least important pods make room, and no more of them than it takes', () => {
  const placed = [
    prioritized('low', 1, '2', 'a'),
    prioritized('lower', 0, '1', 'a'),
    prioritized('high', 100, '1', 'a'),
    prioritized('b-middle', 50, '4', 'b'),
  ];
  const fixture = new SchedulingFixture([node('a'), node('b')], placed);
  const found = preempt(fixture, prioritized('p', 60, '2'));
  expect(found).toMatchObject({
    outcome: 'found',
    nodeName: 'a',
    message: 'found a potential placement for pod on node a, preempting 1 victims',
  });
  expect(found.outcome === 'found' && found.victims.map((victim) => victim.pod.metadata.name)).toEqual(['low']);
  expect(fixture.cache.node('a')?.requested['cpu']).toBe(4000);
});

test('pods of the same importance stay', () => {
  const fixture = new SchedulingFixture([node('a')], [prioritized('q', 10, '4', 'a')]);
  expect(preempt(fixture, prioritized('p', 10, '1'))).toEqual({
    outcome: 'none',
    message: '0/1 nodes are available: 1 No preemption victims found for incoming pod.',
  });
});

test('where nobody leaving would help, it is said', () => {
  const fixture = new SchedulingFixture([node('a')], [prioritized('q', 0, '4', 'a')]);
  expect(preempt(fixture, prioritized('p', 10, '40'))).toEqual({
    outcome: 'none',
    message: '0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  });
});

test('anti-affinity is seen to be gone with the pod that had it', () => {
  const affinity = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
      ],
    },
  };
  const placed = pod('q', { on: 'a', labels: { app: 'web' }, spec: { affinity, priority: 0 } });
  const fixture = new SchedulingFixture([node('a')], [placed]);
  const wanted = pod('p', { labels: { app: 'web' }, spec: { affinity, priority: 10 } });
  expect(preempt(fixture, wanted)).toMatchObject({ outcome: 'found', nodeName: 'a' });
});

test('pods that their budget would not let go make room only where nobody else can', () => {
  const labelled = (name: string, on: string) =>
    pod(name, { requests: { cpu: '2' }, labels: { app: 'db' }, spec: { priority: 0 }, on });
  const budget = (disruptionsAllowed: number, disruptedPods = {}) => ({
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'db' } } },
    status: { disruptionsAllowed, disruptedPods },
  });
  const placed = [labelled('db-0', 'a'), labelled('db-1', 'a'), prioritized('web', 5, '4', 'b')];
  const wanted = prioritized('p', 60, '2');
  const victimsWith = (each: ReturnType<typeof budget> | undefined, ...more: readonly Pod[]) => {
    const fixture = new SchedulingFixture([node('a'), node('b')], [...placed, ...more]);
    if (each !== undefined) fixture.budgets.push(each);
    const found = preempt(fixture, wanted);
    return found.outcome === 'found' ? found.victims.map((victim) => victim.pod.metadata.name) : found.message;
  };
  expect(victimsWith(undefined)).toEqual(['db-1']);
  // One may go: then it is the one that may.
  expect(victimsWith(budget(1))).toEqual(['db-0']);
  expect(victimsWith(budget(0))).toEqual(['web']);
  expect(victimsWith(budget(0, { 'db-0': 'x', 'db-1': 'x' }))).toEqual(['db-1']);
});

test('what keeps the pod off a node that others have left is said', () => {
  const fixture = new SchedulingFixture(
    [node('a')],
    [prioritized('q', 100, '3', 'a'), prioritized('low', 0, '1', 'a')],
  );
  expect(preempt(fixture, prioritized('p', 10, '2'))).toEqual({
    outcome: 'none',
    message: '0/1 nodes are available: 1 Insufficient cpu.',
  });
});
