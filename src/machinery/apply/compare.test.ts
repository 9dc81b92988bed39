import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import type { Members } from '../members.ts';
import { compareObjects, isSame } from './compare.ts';
import type { Fields } from './fields.ts';

const schema = builtInSchema('core.v1.PodSpec');
const compare = (before: Members, after: Members) => compareObjects(schema, before, after);

test.each<[string, Members, Members, Partial<Record<'added' | 'modified' | 'removed', Fields>>]>([
  ['nothing', { nodeName: 'a' }, { nodeName: 'a' }, {}],
  ['a scalar', { nodeName: 'a' }, { nodeName: 'b' }, { modified: { 'f:nodeName': {} } }],
  ['a scalar that is new', {}, { nodeName: 'b' }, { added: { 'f:nodeName': {} } }],
  ['a scalar that is gone', { nodeName: 'b' }, {}, { removed: { 'f:nodeName': {} } }],
  ['null and nothing', { affinity: null }, {}, { removed: { 'f:affinity': {} } }],
  ['an atomic map', { nodeSelector: { a: '1' } }, { nodeSelector: { b: '1' } }, { modified: { 'f:nodeSelector': {} } }],
  ['an atomic list', { tolerations: [] }, { tolerations: [{ key: 'k' }] }, { modified: { 'f:tolerations': {} } }],
  [
    'a struct that is new',
    {},
    { securityContext: { runAsUser: 1 } },
    { added: { 'f:securityContext': { '.': {}, 'f:runAsUser': {} } } },
  ],
  ['an empty struct that is new', {}, { securityContext: {} }, { added: { 'f:securityContext': {} } }],
  [
    'a struct that was empty',
    { securityContext: {} },
    { securityContext: { runAsUser: 1 } },
    { added: { 'f:securityContext': { 'f:runAsUser': {} } } },
  ],
  [
    'items of a list',
    { containers: [{ name: 'a', image: 'i' }, { name: 'b' }] },
    { containers: [{ name: 'c' }, { name: 'a', image: 'j' }] },
    {
      added: { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {} } } },
      modified: { 'f:containers': { 'k:{"name":"a"}': { 'f:image': {} } } },
      removed: { 'f:containers': { 'k:{"name":"b"}': { '.': {}, 'f:name': {} } } },
    },
  ],
  [
    'a key that is filled in',
    { containers: [{ name: 'a', ports: [{ containerPort: 80 }] }] },
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    {
      added: {
        'f:containers': {
          'k:{"name":"a"}': { 'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { 'f:protocol': {} } } },
        },
      },
    },
  ],
  [
    'an item that comes twice',
    { containers: [{ name: 'a', image: 'i' }] },
    { containers: [{ name: 'a' }, { name: 'a' }] },
    {
      added: { 'f:containers': { 'k:{"name":"a"}': {} } },
      removed: { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
    },
  ],
  [
    'an item that came twice',
    { containers: [{ name: 'a' }, { name: 'a' }] },
    { containers: [{ name: 'a' }] },
    {
      added: { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:name': {} } } },
      removed: { 'f:containers': { 'k:{"name":"a"}': {} } },
    },
  ],
  [
    'items that come twice before and after',
    { containers: [{ name: 'a' }, { name: 'a' }] },
    { containers: [{ name: 'a' }, { name: 'a', image: 'i' }] },
    { modified: { 'f:containers': { 'k:{"name":"a"}': {} } } },
  ],
])('%s', (_, before, after, expected) => {
  expect(compare(before, after)).toEqual({ added: {}, modified: {}, removed: {}, ...expected });
});

test('sets are compared by value', () => {
  const meta = builtInSchema('meta.v1.ObjectMeta');
  expect(compareObjects(meta, { finalizers: ['a', 'b'] }, { finalizers: ['b', 'c'] })).toEqual({
    added: { 'f:finalizers': { 'v:"c"': {} } },
    modified: {},
    removed: { 'f:finalizers': { 'v:"a"': {} } },
  });
});

const spec = fc.record(
  {
    nodeName: fc.constantFrom('a', 'b'),
    nodeSelector: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2')),
    containers: fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('i', 'j') }, { requiredKeys: ['name'] }),
      { selector: (container) => container.name },
    ),
  },
  { requiredKeys: [] },
);

test('what one direction adds the other removes, and what is equal differs in nothing', () => {
  fc.assert(
    fc.property(spec, spec, (a, b) => {
      const there = compare(a, b);
      const back = compare(b, a);
      expect(there.added).toEqual(back.removed);
      expect(there.modified).toEqual(back.modified);
      expect(isSame(compare(a, structuredClone(a)))).toBe(true);
    }),
  );
});
