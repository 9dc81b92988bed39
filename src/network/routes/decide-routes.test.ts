import { describe, expect, test } from 'vitest';
import { decideRoutes, type LinkAddress, neighbourLink, podMtu, type RoutedNode } from './decide-routes.ts';

const node = (name: string, address: string, index: number, behind?: string): RoutedNode => ({
  name,
  address,
  podRange: `10.244.${index}.0/24`,
  behind,
});
const link = (name: string, address: string, prefix = 24, mtu = 1500): LinkAddress => ({
  link: name,
  address,
  prefix,
  mtu,
});

const here = node('here', '192.168.1.10', 0);
const neighbour = node('neighbour', '192.168.1.11', 1);
const far = node('far', '172.16.5.1', 2);
const inHere = [node('here-2', '192.168.240.2', 3, 'here'), node('here-3', '192.168.240.3', 4, 'here')];
const inFar = node('far-2', '192.168.240.2', 5, 'far');
const all = [here, neighbour, far, ...inHere, inFar];
const linksOfHere = [link('eth0', '192.168.1.10'), link('stn-a', '192.168.240.1')];

describe('from a node in the network of its machine', () => {
  test('straight to neighbours and to the nodes behind it, wrapped to all others', () => {
    expect(decideRoutes(here, all, linksOfHere)).toEqual({
      routes: [
        { range: '10.244.1.0/24', via: '192.168.1.11', link: 'eth0' },
        { range: '10.244.3.0/24', via: '192.168.240.2', link: 'stn-a' },
        { range: '10.244.4.0/24', via: '192.168.240.3', link: 'stn-a' },
      ],
      tunnels: [
        { range: '10.244.2.0/24', node: 'far', address: '172.16.5.1' },
        // Its own address would be one of our neighbours', but it is another machine's.
        { range: '10.244.5.0/24', node: 'far', address: '172.16.5.1' },
      ],
    });
  });

  test('to a node behind a neighbour, by way of the neighbour', () => {
    const links = [link('eth0', '192.168.1.11')];
    expect(decideRoutes(neighbour, all, links).routes).toContainEqual({
      range: '10.244.3.0/24',
      via: '192.168.1.10',
      link: 'eth0',
    });
  });

  test('a link without a network of its own has no neighbours, as in clouds', () => {
    const { routes, tunnels } = decideRoutes(here, [here, neighbour], [link('eth0', '192.168.1.10', 32)]);
    expect(routes).toEqual([]);
    expect(tunnels).toHaveLength(1);
  });

  test('nodes without a range or an address, or that have ours, are left out', () => {
    const odd = [
      { ...neighbour, podRange: undefined },
      { ...far, address: undefined },
      node('lost', '1.2.3.4', 9, 'no-such-node'),
      node('twin', '192.168.1.10', 8),
    ];
    expect(decideRoutes(here, [here, ...odd], linksOfHere)).toEqual({ routes: [], tunnels: [] });
  });
});

test('a node behind another one has routes to those beside it alone', () => {
  const self = inHere[0] as RoutedNode;
  expect(decideRoutes(self, all, [link('eth0', '192.168.240.2')])).toEqual({
    routes: [{ range: '10.244.4.0/24', via: '192.168.240.3', link: 'eth0' }],
    tunnels: [],
  });
});

test('the narrowest network counts', () => {
  const links = [link('wide', '10.0.0.1', 8), link('narrow', '10.1.2.1', 24)];
  expect(neighbourLink('10.1.2.3', links)).toBe('narrow');
  expect(neighbourLink('10.9.9.9', links)).toBe('wide');
  expect(neighbourLink('11.0.0.1', links)).toBeUndefined();
});

describe('the size of packets', () => {
  const links = [link('eth0', '192.168.1.10', 24, 9000), link('stn-a', '192.168.240.1', 24, 1400)];
  const decide = (nodes: readonly RoutedNode[]) => podMtu(here.address, decideRoutes(here, nodes, links), links);

  test('is that of the link that the node is reached by, and of those that lead to other nodes', () => {
    expect(decide([here])).toBe(9000);
    expect(decide([here, ...inHere])).toBe(1400);
  });

  test('leaves room for what a wrapped packet is wrapped in', () => {
    expect(decide([here, far])).toBe(8950);
    expect(decide([here, far, ...inHere])).toBe(1400);
  });

  test('is the usual one where nothing is known', () => {
    expect(podMtu(undefined, { routes: [], tunnels: [] }, [])).toBe(1500);
  });
});
