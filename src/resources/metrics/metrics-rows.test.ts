import { expect, test } from 'vitest';
import { nodeMetrics } from './node-metrics.ts';
import { podMetrics } from './pod-metrics.ts';

const timestamp = '2026-01-01T00:00:00Z';

test('a row of a node is what it uses', () => {
  const usage = { cpu: '156340223n', memory: '1284Mi', swap: '0' };
  expect(nodeMetrics.row({ metadata: { name: 'n' }, timestamp, window: '15.003s', usage }, 0)).toEqual([
    'n',
    '156340223n',
    '1284Mi',
    '0',
    '15.003s',
  ]);
});

test('a row of a pod is the sum of its containers', () => {
  const containers = [
    { name: 'a', usage: { cpu: '1500n', memory: '1Mi' } },
    { name: 'b', usage: { cpu: '1m', memory: '512Ki', swap: '4Ki' } },
  ];
  const pod = { metadata: { namespace: 'd', name: 'p' }, timestamp, window: '15s' };
  expect(podMetrics.row({ ...pod, containers }, 0)).toEqual(['p', '1001500n', '1536Ki', '4Ki', '15s']);
  expect(podMetrics.row({ ...pod, containers: [] }, 0)).toEqual(['p', '0', '0', '0', '15s']);
});
