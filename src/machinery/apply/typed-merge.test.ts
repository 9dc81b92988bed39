import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import type { Members } from '../members.ts';
import { mergeTyped } from './typed-merge.ts';

const schema = builtInSchema('core.v1.PodSpec');
const named = (names: string) => [...names].map((name) => ({ name }));

test.each<[string, Members, Members, Members]>([
  ['scalars', { nodeName: 'a', hostname: 'h' }, { nodeName: 'b' }, { nodeName: 'b', hostname: 'h' }],
  [
    'structs',
    { securityContext: { runAsUser: 1 } },
    { securityContext: { fsGroup: 2 } },
    { securityContext: { runAsUser: 1, fsGroup: 2 } },
  ],
  ['atomic maps', { nodeSelector: { a: '1' } }, { nodeSelector: { b: '1' } }, { nodeSelector: { b: '1' } }],
  ['atomic lists', { tolerations: [{ key: 'k' }] }, { tolerations: [] }, { tolerations: [] }],
  ['a null for a scalar', { nodeName: 'a' }, { nodeName: null }, { nodeName: null }],
  ['a null for a list', { containers: named('a') }, { containers: null }, { containers: named('a') }],
  [
    'items',
    { containers: [{ name: 'a', image: 'i' }] },
    { containers: [{ name: 'a', command: ['x'] }] },
    { containers: [{ name: 'a', image: 'i', command: ['x'] }] },
  ],
])('%s', (_, live, config, merged) => {
  expect(mergeTyped(schema, live, config)).toEqual(merged);
});

test.each([
  ['abc', 'b', 'abc'],
  ['abc', 'ca', 'bca'],
  ['abc', 'xa', 'xabc'],
  ['abc', 'ax', 'abcx'],
  ['abcd', 'xcya', 'bxcdya'],
  ['abcd', 'dxb', 'acdxb'],
  ['', 'ab', 'ab'],
  ['ab', '', 'ab'],
])('the order of %s with %s applied is %s', (live, config, merged) => {
  const result = mergeTyped(schema, { containers: named(live) }, { containers: named(config) });
  expect((result['containers'] as { name: string }[]).map((container) => container.name).join('')).toBe(merged);
});

test('items that come twice are replaced by the one that is applied', () => {
  expect(
    mergeTyped(
      schema,
      { containers: [{ name: 'a', image: 'i' }, { name: 'b' }, { name: 'a', image: 'j' }] },
      { containers: [{ name: 'a', command: ['x'] }] },
    ),
  ).toEqual({ containers: [{ name: 'a', command: ['x'] }, { name: 'b' }] });
});

const names = fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e']);
const spec = fc.record(
  {
    nodeName: fc.constantFrom('a', 'b'),
    nodeSelector: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2')),
    containers: names.map((list) => list.map((name) => ({ name }))),
  },
  { requiredKeys: [] },
);

test('merging again changes nothing, order of the configuration is kept, nothing is lost', () => {
  fc.assert(
    fc.property(spec, spec, (live, config) => {
      const before = JSON.stringify([live, config]);
      const merged = mergeTyped(schema, live, config);
      expect(mergeTyped(schema, merged, config)).toEqual(merged);
      expect(JSON.stringify([live, config])).toBe(before);
      const containers = (merged['containers'] ?? []) as { name: string }[];
      const applied = (config.containers ?? []).map((each) => each.name);
      const all = new Set([...applied, ...(live.containers ?? []).map((each) => each.name)]);
      expect(containers.map((each) => each.name).filter((name) => applied.includes(name))).toEqual(applied);
      expect(new Set(containers.map((each) => each.name))).toEqual(all);
    }),
  );
});

test('configurations about different fields may be merged in any grouping', () => {
  fc.assert(
    fc.property(spec, fc.constantFrom('x', 'y'), fc.boolean(), (live, hostname, hostNetwork) => {
      const [first, second] = [{ hostname }, { hostNetwork }];
      expect(mergeTyped(schema, mergeTyped(schema, live, first), second)).toEqual(
        mergeTyped(schema, live, mergeTyped(schema, first, second)),
      );
    }),
  );
});
