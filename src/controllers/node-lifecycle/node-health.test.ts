import { expect, test } from 'vitest';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { conditionTaints, evictionTaints, missingLegacyLabels, silentConditions } from './node-health.ts';

const now = '2026-01-01T00:00:00Z';
const node = (conditions: readonly (readonly [string, string])[], spec: Node['spec'] = {}): Node => ({
  metadata: { name: 'a' },
  spec,
  status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
});

test('a silent node is Unknown in all that its agent reports, once', () => {
  const silent = silentConditions(
    node([
      ['Ready', 'True'],
      ['MemoryPressure', 'False'],
      ['DiskPressure', 'False'],
      ['PIDPressure', 'False'],
      ['Custom', 'True'],
    ]),
    now,
  );
  expect(silent?.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'Ready=Unknown',
    'MemoryPressure=Unknown',
    'DiskPressure=Unknown',
    'PIDPressure=Unknown',
    'Custom=True',
  ]);
  expect(silent?.[0]).toMatchObject({ reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' });
  expect(silentConditions({ ...node([]), status: { conditions: silent } }, now)).toBeUndefined();
});

test('an agent that never reported is told from one that stopped', () => {
  expect(silentConditions(node([]), now)?.[0]).toMatchObject({ type: 'Ready', reason: 'NodeStatusNeverUpdated' });
});

test('conditions and cordons bring taints, and take them away again', () => {
  const keys = (each: Node) => conditionTaints(each, now)?.map(({ key, effect }) => `${key}:${effect}`);
  expect(keys(node([['Ready', 'Unknown']]))).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
  expect(
    keys(
      node(
        [
          ['Ready', 'True'],
          ['DiskPressure', 'True'],
        ],
        { unschedulable: true },
      ),
    ),
  ).toEqual(['node.kubernetes.io/disk-pressure:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
  const taints = [
    { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
    { key: 'mine', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
  ];
  expect(keys(node([['Ready', 'True']], { taints }))).toEqual([
    'mine:NoSchedule',
    'node.kubernetes.io/not-ready:NoExecute',
  ]);
  expect(keys(node([['Ready', 'False']], { taints }))).toBeUndefined();
});

test('the taint that makes pods leave is the one of the Ready status', () => {
  const taints = [{ key: 'mine', effect: 'NoExecute' }];
  const of = (status: string, keys: readonly string[]) =>
    evictionTaints(
      node([['Ready', status]], {
        taints: [...taints, ...keys.map((key) => ({ key: `node.kubernetes.io/${key}`, effect: 'NoExecute' }))],
      }),
      now,
    )?.map(({ key, timeAdded = '' }) => `${key} ${timeAdded}`.trim());
  expect(of('Unknown', [])).toEqual(['mine', `node.kubernetes.io/unreachable ${now}`]);
  expect(of('False', ['unreachable'])).toEqual(['mine', `node.kubernetes.io/not-ready ${now}`]);
  expect(of('False', ['not-ready'])).toBeUndefined();
  expect(of('False', ['not-ready', 'unreachable'])).toEqual(['mine', 'node.kubernetes.io/not-ready']);
  expect(of('True', ['not-ready', 'unreachable'])).toEqual(['mine']);
  expect(of('True', [])).toBeUndefined();
});

test('labels of old names repeat those of today', () => {
  const of = (labels: Record<string, string>) => missingLegacyLabels({ metadata: { labels } });
  expect(of({ 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/os': 'linux' })).toEqual({
    'beta.kubernetes.io/arch': 'amd64',
  });
  expect(of({ 'beta.kubernetes.io/os': 'linux' })).toBeUndefined();
});
