import { expect, test } from 'vitest';
import type { Pod, PodStatus } from '../../schema/core-v1.generated.ts';
import { occupiedRequests } from './pod-requests.ts';

const pod = (status: PodStatus): Pod => ({
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'main', resources: { requests: { cpu: '2', 'a.b/c': '1' } } }] },
  status,
});

test.each<[string, PodStatus, number]>([
  ['what is asked for, without news of its node', {}, 2000],
  ['what is asked for, though less was given', { allocatedResources: { cpu: '1' } }, 2000],
  ['what was given, though less is asked for', { allocatedResources: { cpu: '3' } }, 3000],
  [
    'what it has, though less was given',
    { allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '4' } } },
    4000,
  ],
  [
    'what was given, when its node will never give more',
    {
      allocatedResources: { cpu: '1' },
      conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }],
    },
    1000,
  ],
  [
    'what is asked for, when its node may give more later',
    {
      allocatedResources: { cpu: '1' },
      conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Deferred' }],
    },
    2000,
  ],
])('a pod takes up %s', (_what, status, cpu) => {
  expect(occupiedRequests(pod(status))).toEqual({ cpu, 'a.b/c': 1 });
});
