import { expect, test } from 'vitest';
import { admit, attributes, verdict } from '../../../test/support/admission.ts';
import { FakeReader } from '../../../test/support/fake-reader.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { podResize } from './pod-resize.ts';

function reader(labels: Record<string, string> = {}): FakeReader {
  const allocatable = { cpu: '2', memory: '1Gi' };
  const node: Node = { metadata: { name: 'n1', labels }, status: { allocatable } };
  const fake = new FakeReader();
  fake.set(nodes, node);
  return fake;
}

function pod(requests: Record<string, string>, nodeName = 'n1'): Pod {
  const containers = [{ name: 'main', resources: { requests } }];
  return { metadata: { name: 'web', namespace: 'apps' }, spec: { containers, ...(nodeName !== '' && { nodeName }) } };
}

const old = pod({ cpu: '1' });
const resize = (to: Pod, more: object = {}) => attributes('UPDATE', pods, to, { subresource: 'resize', old, ...more });

test('what a node could never give is refused, with the cause', async () => {
  const write = resize(pod({ cpu: '2500m', memory: '2Gi' }));
  expect(await verdict(podResize(reader()), write)).toBe(
    'pods "web" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 2500, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824',
  );
  await expect(admit(podResize(reader()), write)).rejects.toMatchObject({
    status: { code: 403, details: { causes: [{ reason: 'NodeCapacity' }] } },
  });
});

test.each<[string, ReturnType<typeof resize>, Record<string, string>, string]>([
  ['what fits', resize(pod({ cpu: '2' })), {}, 'admitted'],
  ['what does not change', resize(pod({ cpu: '1000m' }), { old: pod({ cpu: '1' }) }), {}, 'admitted'],
  ['a pod without a node', resize(pod({ cpu: '9' }, ''), { old: pod({ cpu: '1' }, '') }), {}, 'admitted'],
  ['another write', attributes('UPDATE', pods, pod({ cpu: '9' }), { old }), {}, 'admitted'],
  ['a node that is gone', resize(pod({ cpu: '2' }, 'n2')), {}, 'pods "web" is forbidden: node "n2" not found'],
  [
    'a node of another system',
    resize(pod({ cpu: '2' })),
    { 'kubernetes.io/os': 'windows' },
    'pods "web" is forbidden: pod resize is only supported on linux nodes, node "n1" is "windows"',
  ],
])('%s', async (_what, write, labels, expected) => {
  expect(await verdict(podResize(reader(labels)), write)).toBe(expected);
});
