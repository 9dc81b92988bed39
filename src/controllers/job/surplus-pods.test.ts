import { expect, test } from 'vitest';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { leastAdvanced } from './surplus-pods.ts';

const minutesAgo = (minutes: number) => new Date(Date.UTC(2026, 0, 2) - minutes * 60_000).toISOString();

interface Given {
  readonly node?: string;
  readonly phase?: string;
  readonly readyMinutes?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly sidecarRestarts?: number;
  readonly ageMinutes?: number;
}

function pod(name: string, given: Given): Pod {
  const { node = 'n1', phase = 'Running', readyMinutes = 8, cost = '0', ageMinutes = 8 } = given;
  const status = (container: string, restartCount = 0) => ({
    name: container,
    ready: true,
    restartCount,
    image: '',
    imageID: '',
  });
  return {
    metadata: {
      name,
      creationTimestamp: minutesAgo(ageMinutes),
      annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost },
    },
    spec: {
      nodeName: node,
      initContainers: [{ name: 'set-up' }, { name: 'side', restartPolicy: 'Always' }],
      containers: [{ name: 'main' }],
    },
    status: {
      phase,
      conditions:
        readyMinutes < 0 ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: minutesAgo(readyMinutes) }],
      initContainerStatuses: [status('set-up', 7), status('side', given.sidecarRestarts)],
      containerStatuses: [status('main', given.restarts)],
    },
  };
}

test.each<readonly [rule: string, first: Given, second: Given]>([
  ['unassigned before assigned', { node: '' }, { phase: 'Pending' }],
  ['pending before running', { phase: 'Pending' }, { readyMinutes: -1 }],
  ['not ready before ready', { readyMinutes: -1 }, { restarts: 5 }],
  ['ready for a shorter time, though it restarted less', { readyMinutes: 7 }, { restarts: 5 }],
  ['restarted more often', { restarts: 2 }, { restarts: 1, sidecarRestarts: 9 }],
  ['its sidecars restarted more often', { sidecarRestarts: 2 }, { ageMinutes: 7 }],
  ['younger, be it by little', { ageMinutes: 7 }, { ageMinutes: 8 }],
  ['what it would cost is of no account', { ageMinutes: 7, cost: '100' }, { cost: '-100' }],
])('goes first: %s', (_, first, second) => {
  const [a, b] = [pod('a', first), pod('b', second)];
  expect(leastAdvanced([b, a], 1)).toEqual([a]);
  expect(leastAdvanced([a, b], 1)).toEqual([a]);
});

test('all go when no fewer are to', () => {
  const pods = [pod('a', {}), pod('b', {})];
  expect(leastAdvanced(pods, 2)).toBe(pods);
});
