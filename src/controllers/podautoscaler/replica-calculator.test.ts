import { describe, expect, test } from 'vitest';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { PodMetric } from './pod-metrics.ts';
import { replicasForAverageValue, replicasForUtilization, type UsageSnapshot } from './replica-calculator.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toISOString();

interface PodShape {
  readonly used?: number;
  readonly ready?: boolean;
  readonly phase?: string;
  readonly startedAgo?: number;
  readonly readyAgo?: number;
  readonly deleted?: boolean;
  readonly request?: string;
}

/** Pods with what they use, thousandths of a core; one without `used` is not measured. */
function snapshot(shapes: readonly PodShape[], more: Partial<UsageSnapshot> = {}): UsageSnapshot {
  const metrics = new Map<string, PodMetric>();
  const pods = shapes.map((shape, index): Pod => {
    const {
      used,
      ready = true,
      phase = 'Running',
      startedAgo = 3000,
      readyAgo = 2990,
      deleted,
      request = '100m',
    } = shape;
    const name = `p${index}`;
    if (used !== undefined) metrics.set(name, { value: BigInt(used), timestamp: now - 5000, windowMs: 15_000 });
    return {
      metadata: { name, ...(deleted === true && { deletionTimestamp: at(1) }) },
      spec: { containers: [{ name: 'main', resources: { requests: { cpu: request } } }] },
      status: {
        phase,
        startTime: at(startedAgo),
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: at(readyAgo) }],
      },
    };
  });
  const tolerances = { scaleDown: 0.1, scaleUp: 0.1 };
  return { currentReplicas: pods.length, resource: 'cpu', container: '', tolerances, pods, metrics, now, ...more };
}

const replicas = (shapes: readonly PodShape[], target: number, more: Partial<UsageSnapshot> = {}) =>
  replicasForUtilization(snapshot(shapes, more), target).replicas;

describe('pods that are all measured', () => {
  test.each([
    ['more load', [{ used: 80 }, { used: 80 }], 40, 4],
    ['less load', [{ used: 10 }, { used: 10 }, { used: 10 }], 50, 1],
    ['a little more than the target', [{ used: 54 }, { used: 54 }], 50, 2],
    ['a little less than the target', [{ used: 46 }, { used: 46 }], 50, 2],
    ['a part of a pod more', [{ used: 60 }, { used: 60 }], 50, 3],
    ['nothing at all', [{ used: 0 }], 50, 0],
  ] as const)('%s', (_what, shapes, target, expected) => {
    expect(replicas(shapes, target)).toBe(expected);
  });

  test('tell what they use on average, of what they request', () => {
    expect(replicasForUtilization(snapshot([{ used: 33 }, { used: 10, request: '200m' }]), 50)).toEqual({
      replicas: 1,
      averageValue: 21n,
      utilization: 14,
    });
  });

  test('tolerances are of each direction', () => {
    const tolerances = { scaleDown: 0.5, scaleUp: 0 };
    expect(replicas([{ used: 51 }, { used: 51 }], 50, { tolerances })).toBe(3);
    expect(replicas([{ used: 26 }, { used: 26 }], 50, { tolerances })).toBe(2);
  });
});

describe('pods that say nothing yet', () => {
  test.each([
    ['a missing one uses nothing when more are wanted', [{ used: 200 }, {}], 50, 4],
    ['a missing one uses all it requests when fewer are wanted', [{ used: 10 }, { used: 10 }, {}], 90, 2],
    ['what a missing one might use turns nothing around', [{ used: 70 }, {}], 50, 2],
    ['a pending one holds back', [{ used: 200 }, { phase: 'Pending' }], 50, 4],
    ['a pending one does not matter when fewer are wanted', [{ used: 10 }, { used: 10 }, { phase: 'Pending' }], 50, 1],
    ['one that is going away does not count', [{ used: 100 }, { used: 100, deleted: true }], 50, 2],
    ['one that failed does not count', [{ used: 100 }, { used: 100, phase: 'Failed' }], 50, 2],
    [
      'one that is unready and young',
      [{ used: 100 }, { used: 100, ready: false, startedAgo: 60, readyAgo: 55 }],
      50,
      2,
    ],
    ['one not measured since it is ready', [{ used: 100 }, { used: 500, startedAgo: 60, readyAgo: 10 }], 50, 2],
    ['one measured since it is ready', [{ used: 100 }, { used: 100, startedAgo: 60, readyAgo: 30 }], 50, 4],
    ['one that was never ready', [{ used: 100 }, { used: 100, ready: false, readyAgo: 2990 }], 50, 2],
    ['one that was ready once', [{ used: 100 }, { used: 100, ready: false, readyAgo: 100 }], 50, 4],
  ] as const)('%s', (_what, shapes, target, expected) => {
    expect(replicas(shapes, target)).toBe(expected);
  });

  test('readiness matters for cpu alone', () => {
    const young = [{ used: 100, ready: false, startedAgo: 10, readyAgo: 10 }];
    const metrics = { ...snapshot(young), resource: 'memory' };
    expect(replicasForAverageValue(metrics, 50n)).toEqual({ replicas: 2, averageValue: 100n });
    expect(() => replicasForAverageValue(snapshot(young), 50n)).toThrow(
      'did not receive metrics for targeted pods (pods might be unready)',
    );
  });
});

test('an amount is a target, too', () => {
  expect(replicasForAverageValue(snapshot([{ used: 150 }, { used: 50 }]), 40n)).toEqual({
    replicas: 5,
    averageValue: 100n,
  });
  expect(replicasForAverageValue(snapshot([{ used: 10 }, { used: 10 }, {}]), 40n).replicas).toBe(2);
});

describe('requests', () => {
  const withSpec = (spec: Pod['spec']): UsageSnapshot => {
    const base = snapshot([{ used: 100 }]);
    return { ...base, pods: base.pods.map((pod) => ({ ...pod, spec })) };
  };
  const main = { name: 'main', resources: { requests: { cpu: '100m' } } };

  test('are those of containers and sidecars, or of the container that is named', () => {
    const sidecar = { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '300m' } } };
    const both = withSpec({ containers: [main], initContainers: [sidecar, { name: 'init' }] });
    expect(replicasForUtilization(both, 50).utilization).toBe(25);
    expect(replicasForUtilization({ ...both, container: 'main' }, 50).utilization).toBe(100);
    expect(() => replicasForUtilization({ ...both, container: 'other' }, 50)).toThrow(
      'container other not found in Pod p0',
    );
  });

  test('are those of the pod where it has some', () => {
    const whole = withSpec({ containers: [{ name: 'main' }], resources: { requests: { cpu: '400m' } } });
    expect(replicasForUtilization(whole, 50).utilization).toBe(25);
    const memory = withSpec({ containers: [{ name: 'main' }], resources: { requests: { memory: '1Gi' } } });
    expect(() => replicasForUtilization(memory, 50)).toThrow('missing pod-level request for cpu in Pod p0');
  });

  test('have to be there', () => {
    expect(() => replicasForUtilization(withSpec({ containers: [{ name: 'main' }] }), 50)).toThrow(
      'missing request for cpu in container main of Pod p0',
    );
    expect(() => replicasForUtilization(snapshot([]), 50)).toThrow(
      'no pods returned by selector while calculating replica count',
    );
  });
});
