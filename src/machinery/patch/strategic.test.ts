import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import type { Members } from '../members.ts';
import { StatusError } from '../status-error.ts';
import { applyStrategicPatch } from './strategic.ts';

const schema = builtInSchema('core.v1.Pod');
const pod = {
  metadata: { name: 'p', labels: { a: '1', b: '2' }, finalizers: ['x/a', 'x/b'] },
  spec: {
    containers: [
      { name: 'a', image: 'i', ports: [{ containerPort: 80 }, { containerPort: 81 }], command: ['x'] },
      { name: 'b', image: 'i', resources: { limits: { cpu: '1' } } },
      { name: 'c', image: 'i' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    tolerations: [{ key: 'k' }],
  },
};
type Spec = Record<string, unknown>;
const spec = (patch: Spec): Spec => applyStrategicPatch(schema, pod, { spec: patch })['spec'] as Spec;
const meta = (patch: Spec): Spec => applyStrategicPatch(schema, pod, { metadata: patch })['metadata'] as Spec;
const [a, b, c] = pod.spec.containers;

test.each<[string, Spec, unknown]>([
  ['merges by key', { containers: [{ name: 'b', image: 'j' }] }, [a, { ...b, image: 'j' }, c]],
  [
    'puts what is new behind what it stands behind',
    { containers: [{ name: 'b' }, { name: 'd' }] },
    [a, b, { name: 'd' }, c],
  ],
  [
    'puts what is new first when it stands first',
    { containers: [{ name: 'd' }, { name: 'c' }] },
    [{ name: 'd' }, a, b, c],
  ],
  ['reorders by the patch', { containers: [{ name: 'c' }, { name: 'a' }] }, [b, c, a]],
  ['deletes one element', { containers: [{ name: 'b', $patch: 'delete' }] }, [a, c]],
  ['replaces the list', { containers: [{ $patch: 'replace' }, { name: 'd' }] }, [{ name: 'd' }]],
  ['empties the list', { containers: [{ $patch: 'replace' }] }, []],
  ['orders', { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] }, [b, c, a]],
  [
    'orders and merges',
    { '$setElementOrder/containers': [{ name: 'd' }, { name: 'a' }], containers: [{ name: 'd', image: 'n' }] },
    [{ name: 'd', image: 'n' }, a, b, c],
  ],
  [
    'merges lists in elements',
    { containers: [{ name: 'a', ports: [{ containerPort: 81, name: 'x' }, { containerPort: 82 }] }] },
    [{ ...a, ports: [{ containerPort: 80 }, { containerPort: 81, name: 'x' }, { containerPort: 82 }] }, b, c],
  ],
  [
    'replaces lists that are not merged',
    { containers: [{ name: 'a', command: ['y'] }] },
    [{ ...a, command: ['y'] }, b, c],
  ],
  [
    'drops members by null and by directive',
    {
      containers: [
        { name: 'a', ports: null, command: null },
        { name: 'b', resources: { $patch: 'replace' } },
      ],
    },
    [{ name: 'a', image: 'i' }, { name: 'b', image: 'i', resources: {} }, c],
  ],
  ['is removed by null', { containers: null }, undefined],
])('a list of containers: %s', (_, patch, containers) => {
  expect(spec(patch)['containers']).toEqual(containers);
});

test('unions keep only what is listed', () => {
  const volumes = (patch: Spec) => spec({ volumes: [{ name: 'v', ...patch }] })['volumes'];
  expect(volumes({ $retainKeys: ['name', 'configMap'], configMap: { name: 'z' } })).toEqual([
    { name: 'v', configMap: { name: 'z' } },
  ]);
  expect(volumes({ $retainKeys: ['name', 'configMap'], configMap: { name: 'z' }, emptyDir: null })).toEqual([
    { name: 'v', configMap: { name: 'z' } },
  ]);
});

test('lists of scalars are sets', () => {
  expect(meta({ finalizers: ['x/b', 'x/c'] })['finalizers']).toEqual(['x/a', 'x/b', 'x/c']);
  expect(meta({ '$deleteFromPrimitiveList/finalizers': ['x/a', 'x/z'] })['finalizers']).toEqual(['x/b']);
  expect(meta({ '$setElementOrder/finalizers': ['x/b', 'x/a'] })['finalizers']).toEqual(['x/b', 'x/a']);
  expect(meta({ '$setElementOrder/finalizers': ['x/c', 'x/b'], finalizers: ['x/c'] })['finalizers']).toEqual([
    'x/c',
    'x/a',
    'x/b',
  ]);
});

test('maps', () => {
  expect(meta({ labels: { a: null, c: '3' } })['labels']).toEqual({ b: '2', c: '3' });
  expect(meta({ labels: { $patch: 'replace', c: '3' } })['labels']).toEqual({ c: '3' });
  expect(meta({ labels: { $patch: 'delete' } })['labels']).toEqual({});
  expect(meta({ annotations: { a: '1', b: null, c: { $patch: 'delete' } } })['annotations']).toEqual({ a: '1' });
  expect(spec({ tolerations: [{ key: 'l' }] })['tolerations']).toEqual([{ key: 'l' }]);
});

/** What a Kubernetes 1.37.1 answered for each. */
test.each<[Spec, number, string]>([
  [{ containers: [{ image: 'x' }] }, 500, 'map: map[image:x] does not contain declared merge key: name'],
  [{ containers: [{ $patch: 'delete' }] }, 500, 'map: map[$patch:delete] does not contain declared merge key: name'],
  [{ containers: [{ name: 'x', $patch: 'bogus' }] }, 500, 'unknown patch type: bogus in map: map[$patch:bogus name:x]'],
  [{ containers: [{ name: 'x', $patch: 'merge' }] }, 500, 'merging lists cannot yet be specified in the patch'],
  [{ $patch: 'bogus' }, 500, 'unknown patch type: bogus in map: map[$patch:bogus]'],
  [{ $patch: 1 }, 500, 'unknown patch type: %!s(int64=1) in map: map[$patch:1]'],
  [
    { '$setElementOrder/containers': [{ name: 'zz' }], containers: [{ name: 'x', image: 'y' }] },
    500,
    "The order in patch list:\n[map[image:y name:x]]\n doesn't match $setElementOrder list:\n[map[name:zz]]\n",
  ],
  [{ '$setElementOrder/containers': 'x' }, 500, 'expected a []interface {}, but received a string'],
  [{ $setElementOrder: [] }, 400, 'invalid patch format of setElementOrder list'],
  [{ $deleteFromPrimitiveList: [] }, 400, 'invalid patch format of primitive list'],
  [{ volumes: [{ name: 'v', $retainKeys: ['name'], emptyDir: {} }] }, 400, 'invalid patch format of retainKeys'],
  [{ volumes: [{ name: 'v', $retainKeys: 'x' }] }, 400, 'invalid patch format of retainKeys'],
  [
    { '$setElementOrder/nonsense': [] },
    500,
    'unable to find api field in struct PodSpec for the json field "nonsense"',
  ],
])('%j is refused', (patch, code, message) => {
  expect.assertions(1);
  try {
    spec(patch);
  } catch (error) {
    expect([(error as StatusError).code, (error as StatusError).message]).toEqual([code, message]);
  }
});

test('lists of different things are refused', () => {
  expect(() => spec({ containers: ['x'] })).toThrow(/^list element types are not identical: \[\[map\[.*\] \[x\]\]$/);
  expect(() => meta({ finalizers: [['x']] })).toThrow('the server rejected our request due to an error in our request');
});

test('nothing is changed in place, and any patch gives a result or a StatusError', () => {
  const name = fc.constantFrom('a', 'b', 'd');
  const container = fc.record(
    {
      name,
      image: fc.constantFrom('i', null),
      $patch: fc.constantFrom('delete', 'replace', 'bogus'),
      ports: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const patch = fc.record(
    {
      spec: fc.record(
        {
          containers: fc.array(container),
          '$setElementOrder/containers': fc.array(fc.record({ name })),
          volumes: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
      metadata: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(patch, (value) => {
      const before = JSON.stringify([pod, value]);
      try {
        applyStrategicPatch(schema, pod, value as Members);
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
      expect(JSON.stringify([pod, value])).toBe(before);
    }),
  );
});
