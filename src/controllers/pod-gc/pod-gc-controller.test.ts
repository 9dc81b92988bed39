import { expect, test } from 'vitest';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { doomedPods } from './pod-gc-controller.ts';

const pod = (name: string, nodeName: string | undefined, extra: { phase?: string; deleting?: boolean } = {}): Pod => ({
  metadata: {
    name,
    creationTimestamp: name,
    ...(extra.deleting === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  },
  spec: { containers: [], ...(nodeName !== undefined && { nodeName }) },
  status: { phase: extra.phase ?? 'Running' },
});
const known = new Map<string, Node>([
  ['here', { metadata: { name: 'here' } }],
  [
    'dead',
    {
      metadata: { name: 'dead' },
      spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
    },
  ],
]);
const doomed = (pods: readonly Pod[]) =>
  doomedPods(pods, known, (name) => name === 'gone').map(({ pod: each }) => each.metadata.name);

test('pods of nodes that are gone, of nodes out of service, and those deleted before they were placed', () => {
  const pods = [
    pod('running', 'here'),
    pod('orphan', 'gone'),
    pod('perhaps', 'missing-since-a-moment'),
    pod('unplaced', undefined, { deleting: true }),
    pod('waiting', undefined),
    pod('stuck', 'dead', { deleting: true }),
    pod('finished', 'here', { phase: 'Succeeded' }),
  ];
  expect(doomed(pods)).toEqual(['orphan', 'unplaced', 'stuck']);
});

test('finished pods beyond the bound, the oldest first', () => {
  const pods = Array.from({ length: 12_502 }, (_, index) =>
    pod(String(index).padStart(6, '0'), 'here', { phase: 'Failed' }),
  );
  expect(doomed(pods.reverse())).toEqual(['000000', '000001']);
});
