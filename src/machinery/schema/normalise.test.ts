import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { normalise } from './normalise.ts';
import type { FieldSchema, Schema, StructSchema } from './schema.ts';

const pod = builtInSchema('core.v1.Pod');

function field(name: string, schema: Schema, flags: Partial<FieldSchema> = {}): [string, FieldSchema] {
  const patchStrategy = { merge: false, replace: false, retainKeys: false };
  return [name, { name, schema, required: false, omitEmpty: true, pointer: false, patchStrategy, ...flags }];
}
const string: Schema = { kind: 'scalar', type: 'string' };
const int: Schema = { kind: 'scalar', type: 'int32' };
const inner: StructSchema = {
  kind: 'struct',
  name: 'test.v1.Inner',
  atomic: false,
  fields: new Map([field('a', string)]),
};
const strings: Schema = { kind: 'list', items: string, listType: 'atomic', mapKeys: [] };
const stringMap: Schema = { kind: 'map', values: string, atomic: false };
const outer: StructSchema = {
  kind: 'struct',
  name: 'test.v1.Outer',
  atomic: false,
  fields: new Map([
    field('optional', string),
    field('pointer', int, { pointer: true }),
    field('always', string, { omitEmpty: false }),
    field('alwaysList', strings, { omitEmpty: false }),
    field('list', strings),
    field('pointerToStruct', inner, { pointer: true }),
    field('struct', inner),
    field('structs', { kind: 'list', items: inner, listType: 'atomic', mapKeys: [] }),
    field('map', stringMap),
    field('files', { kind: 'map', values: { kind: 'scalar', type: 'bytes' }, atomic: false }),
    field('time', { kind: 'scalar', type: 'time' }),
    field('quantity', { kind: 'scalar', type: 'quantity' }, { pointer: true }),
    field('free', { kind: 'any' }),
  ]),
};
const untouched = { always: '', alwaysList: [], struct: {}, time: null };

test.each<[object, object]>([
  [{}, {}],
  [{ optional: '', list: [], map: {}, unknown: 1 }, {}],
  [
    { optional: 'x', list: ['a', null], map: { k: null, l: 'm' } },
    { optional: 'x', list: ['a', ''], map: { k: '', l: 'm' } },
  ],
  [
    { pointer: 0, pointerToStruct: {} },
    { pointer: 0, pointerToStruct: {} },
  ],
  [{ pointer: null, always: null, alwaysList: null, struct: null, optional: undefined }, {}],
  [{ struct: { a: '', b: 1 }, structs: [null, { a: 'x' }] }, { structs: [{}, { a: 'x' }] }],
  [
    { time: '2026-01-01T02:00:00+02:00', quantity: '1024Mi' },
    { time: '2026-01-01T00:00:00Z', quantity: '1Gi' },
  ],
  [{ time: '0001-01-01T00:00:00Z' }, {}],
  [{ free: { a: null, b: [] } }, { free: { a: null, b: [] } }],
  [{ files: { a: null, b: 'YQ==' } }, { files: { a: '', b: 'YQ==' } }],
])('%j becomes %j', (source, expected) => {
  expect(normalise(outer, source).value).toEqual({ ...untouched, ...expected });
});

test('what is dropped is told, and members are counted', () => {
  expect(normalise(outer, { optional: 'x', free: { a: { b: 1 } }, map: { c: 'd' } })).toMatchObject({
    clean: true,
    members: 6,
  });
  expect(normalise(outer, { unknown: 1 }).clean).toBe(false);
  expect(normalise(outer, { pointer: 'x' }).clean).toBe(false);
  expect(normalise(outer, { pointer: 2 ** 31 }).clean).toBe(false);
  expect(normalise(outer, { time: 'soon' }).clean).toBe(false);
});

test('a pod as Kubernetes stores it', () => {
  const { value } = normalise(pod, {
    metadata: { name: 'a', creationTimestamp: null, labels: {} },
    spec: { containers: [{ name: 'a', env: [{ name: 'x', value: '' }], resources: { limits: { cpu: 1 } } }] },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  expect(value).toEqual({
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a', env: [{ name: 'x' }], resources: { limits: { cpu: '1' } } }] },
    status: { conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }] },
  });
});

test('normal form is reached in one step, and the source is left alone', () => {
  const anything = fc.record(
    {
      optional: fc.option(fc.string()),
      pointer: fc.option(fc.integer({ max: 5 })),
      list: fc.array(fc.option(fc.string())),
      struct: fc.record({ a: fc.string(), z: fc.string() }),
      map: fc.dictionary(fc.string(), fc.option(fc.string())),
      free: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(anything, (source) => {
      const before = JSON.stringify(source);
      const { value } = normalise(outer, source);
      expect(normalise(outer, value).value).toEqual(value);
      expect(JSON.stringify(source)).toBe(before);
    }),
  );
});
