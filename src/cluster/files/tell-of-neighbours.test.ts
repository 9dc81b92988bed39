import { expect, test } from 'vitest';
import { tellOfNeighbours } from './tell-of-neighbours.ts';

const other = (id: string) => ({ id, directory: `/clusters/${id}`, ranges: [] });

function told(others: readonly string[], tables: readonly string[]): readonly string[] {
  const notices: string[] = [];
  tellOfNeighbours(
    'own',
    others.map(other),
    () => ['filter', ...tables],
    (text) => notices.push(text),
  );
  return notices;
}

test('a cluster whose node takes traffic in the same network is told of, once and with its directory', () => {
  expect(told(['aa', 'bb'], ['stuurman-own', 'stuurman-bb'])).toEqual([
    "the cluster in /clusters/bb has a node in this machine's network as well: a host port or node port that both have leads to one of them alone",
  ]);
});

test('one that is down, one whose nodes all have a network of their own, and another node of the same cluster are not', () => {
  expect(told(['aa'], ['stuurman-own'])).toEqual([]);
  expect(told(['aa'], ['stuurman-aa-nodes'])).toEqual([]);
  expect(told(['own'], ['stuurman-own'])).toEqual([]);
});

test('the network is not looked at where there is no other cluster', () => {
  const look = () => {
    throw new Error('looked');
  };
  tellOfNeighbours('own', [other('own')], look, () => {});
  expect(() => tellOfNeighbours('own', [other('aa')], look, () => {})).toThrow('looked');
});
