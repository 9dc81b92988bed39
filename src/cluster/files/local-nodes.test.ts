import { expect, test } from 'vitest';
import { decideLocalNodes } from './local-nodes.ts';

const known = [
  { index: 1, name: 'host' },
  { index: 3, name: 'host-3' },
];

test('the first start has one node, named after the machine', () => {
  expect(decideLocalNodes([], 'host', undefined)).toEqual([{ index: 1, name: 'host' }]);
});

test('a later start finds the nodes of the first, whatever the machine is called by now', () => {
  expect(decideLocalNodes(known, 'renamed', undefined)).toEqual(known);
});

test('a larger number adds nodes, in the places of those that were removed first', () => {
  expect(decideLocalNodes(known, 'renamed', 4).map(({ name }) => name)).toEqual(['host', 'host-2', 'host-3', 'host-4']);
});

test('a smaller number takes none away', () => {
  expect(decideLocalNodes(known, 'host', 1)).toEqual(known);
});
