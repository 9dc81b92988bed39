import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderMerged } from './element-order.ts';

test.each([
  ['abcd', 'ca', 'abcd', 'bcad'],
  ['abcx', 'bx', 'abc', 'abxc'],
  ['abcx', 'xc', 'abc', 'xabc'],
  ['abc', '', 'abc', 'abc'],
  ['xyz', 'zyx', '', 'zyx'],
])('%s by the patch %s, on the server %s: %s', (merged, patch, server, result) => {
  expect(orderMerged([...merged], [...patch], [...server], '').join('')).toBe(result);
});

test('elements that are maps are known by their key', () => {
  const element = (name: string, value: number) => ({ name, value });
  expect(orderMerged([element('a', 1), element('b', 2)], [element('b', 0), element('a', 0)], [], 'name')).toEqual([
    element('b', 2),
    element('a', 1),
  ]);
});

test('nothing is lost, and both orders are kept', () => {
  const letters = 'abcdefgh';
  const set = fc.shuffledSubarray([...letters]);
  fc.assert(
    fc.property(set, set, (patch, server) => {
      const merged = [...new Set([...server, ...patch])];
      const result = orderMerged(merged, patch, server, '');
      expect(result.toSorted()).toEqual(merged.toSorted());
      expect(result.filter((each) => patch.includes(each as string))).toEqual(patch);
      const others = server.filter((each) => !patch.includes(each));
      expect(result.filter((each) => !patch.includes(each as string))).toEqual(others);
    }),
  );
});
