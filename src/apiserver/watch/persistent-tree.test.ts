import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PersistentTree } from './persistent-tree.ts';

const keys = fc.integer({ min: 0, max: 400 }).map((number) => `/registry/pods/ns/${String(number).padStart(4, '0')}`);
const steps = fc.array(fc.record({ key: keys, remove: fc.boolean() }), { maxLength: 1200, size: 'max' });

test('behaves like a sorted map, and earlier versions never change', () => {
  fc.assert(
    fc.property(steps, keys, keys, (script, start, end) => {
      const model = new Map<string, number>();
      let tree = PersistentTree.empty<number>();
      const versions: { readonly tree: PersistentTree<number>; readonly expected: readonly number[] }[] = [];
      for (const [index, { key, remove }] of script.entries()) {
        if (remove) {
          model.delete(key);
          tree = tree.delete(key);
        } else {
          model.set(key, index);
          tree = tree.set(key, index);
        }
        if (index % 97 === 0) versions.push({ tree, expected: sortedValues(model, '', '~') });
      }
      expect(tree.size).toBe(model.size);
      expect(tree.get(start)).toBe(model.get(start));
      expect([...tree.between(start, end)]).toEqual(sortedValues(model, start, end));
      expect(tree.rank(start)).toBe(sortedValues(model, '', start).length);
      for (const version of versions) expect([...version.tree.between('', '~')]).toEqual(version.expected);
    }),
    { numRuns: 40 },
  );
});

test('stays balanced when everything is added and removed in order', () => {
  let tree = PersistentTree.empty<number>();
  const all = Array.from({ length: 5000 }, (_, number) => String(number).padStart(5, '0'));
  for (const [index, key] of all.entries()) tree = tree.set(key, index);
  expect(tree.rank('02500')).toBe(2500);
  for (const key of all) tree = tree.delete(key);
  expect(tree.size).toBe(0);
  expect([...tree.between('', '~')]).toEqual([]);
});

function sortedValues(model: ReadonlyMap<string, number>, start: string, end: string): number[] {
  return [...model]
    .filter(([key]) => key >= start && key < end)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
}
