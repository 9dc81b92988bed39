import { expect, test } from 'vitest';
import type { Pod } from '../../schema/core-v1.generated.ts';
import { podDefinition } from './pod.ts';

function pod(spec: Partial<Pod['spec']>, phase = 'Running'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { containers: [], terminationGracePeriodSeconds: 30, ...spec },
    status: { phase },
  };
}

test.each([
  ['what the pod says', pod({ nodeName: 'node-1' }), undefined, 30],
  ['what the request says', pod({ nodeName: 'node-1' }), 5, 5],
  ['at once, when the request says so', pod({ nodeName: 'node-1' }), 0, 0],
  ['a second for what is less than nothing', pod({ nodeName: 'node-1' }), -1, 1],
  ['nothing while no node has it', pod({}), 30, 0],
  ['nothing once it succeeded', pod({ nodeName: 'node-1' }, 'Succeeded'), 30, 0],
  ['nothing once it failed', pod({ nodeName: 'node-1' }, 'Failed'), undefined, 0],
])('a deleted pod is given %s', (_what, object, requested, expected) => {
  expect(podDefinition.gracePeriodSeconds?.(object, requested)).toBe(expected);
});

test('no address selects a pod by status.podIPs, as in Kubernetes', () => {
  const object = { ...pod({}), status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] } };
  expect(podDefinition.selectableFields['status.podIP']?.(object)).toBe('10.0.0.1');
  expect(podDefinition.selectableFields['status.podIPs']?.(object)).toBe('');
});
