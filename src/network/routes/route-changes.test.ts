import { describe, expect, test } from 'vitest';
import type { PodTunnel, RouteDecision } from './decide-routes.ts';
import type { KernelRoutes, KernelTunnel } from './kernel-routes.ts';
import { routeChanges } from './route-changes.ts';
import { tunnelHardwareAddress, tunnelNumber } from './tunnel-names.ts';

const clusterId = 'abcdefgh';
const tunnelLink = `stx-${clusterId}`;
const far: PodTunnel = { range: '10.244.2.0/24', node: 'far', address: '172.16.5.1' };
const farHardware = tunnelHardwareAddress(clusterId, 'far');
const nothing: KernelRoutes = { links: [], routes: new Map(), tunnel: undefined };
const tunnel: KernelTunnel = {
  local: '192.168.1.10',
  mtu: 1450,
  hardwareAddress: tunnelHardwareAddress(clusterId, 'here'),
  up: true,
  addresses: ['10.244.0.0/32'],
  neighbours: new Map([['10.244.2.0', farHardware]]),
  forwarding: new Map([[farHardware, '172.16.5.1']]),
};
const tunnelled: KernelRoutes = {
  links: [],
  routes: new Map([['10.244.2.0/24', { via: '10.244.2.0', link: tunnelLink }]]),
  tunnel,
};

function changes(decision: Partial<RouteDecision>, kernel: KernelRoutes, made: readonly string[] = []) {
  return routeChanges({
    clusterId,
    nodeName: 'here',
    tunnelLink,
    address: '192.168.1.10',
    podRange: '10.244.0.0/24',
    mtu: 1450,
    decision: { routes: [], tunnels: [], ...decision },
    kernel,
    made,
  });
}

describe('neighbours', () => {
  const route = { range: '10.244.1.0/24', via: '192.168.1.11', link: 'eth0' };
  const present = { ...nothing, routes: new Map([[route.range, { via: route.via, link: route.link }]]) };

  test('get a route, once', () => {
    expect(changes({ routes: [route] }, nothing).ip).toEqual(['route replace 10.244.1.0/24 via 192.168.1.11 dev eth0']);
    expect(changes({ routes: [route] }, present)).toEqual({ ip: [], bridge: [] });
  });

  test('that have another address get another one', () => {
    const moved = { ...route, via: '192.168.1.12' };
    expect(changes({ routes: [moved] }, present).ip).toEqual(['route replace 10.244.1.0/24 via 192.168.1.12 dev eth0']);
  });

  test('that are gone lose it; routes of others stay', () => {
    expect(changes({}, present, [route.range]).ip).toEqual(['route delete 10.244.1.0/24']);
    expect(changes({}, present)).toEqual({ ip: [], bridge: [] });
    expect(changes({}, nothing, [route.range])).toEqual({ ip: [], bridge: [] });
  });
});

describe('machines that are no neighbours', () => {
  test('are reached by a tunnel', () => {
    expect(changes({ tunnels: [far] }, nothing)).toEqual({
      ip: [
        `link add ${tunnelLink} address ${tunnelHardwareAddress(clusterId, 'here')} mtu 1450 type vxlan id ${tunnelNumber(clusterId)} local 192.168.1.10 dstport 8472 nolearning`,
        `address replace 10.244.0.0/32 dev ${tunnelLink}`,
        `link set ${tunnelLink} up`,
        `neigh replace 10.244.2.0 lladdr ${farHardware} dev ${tunnelLink} nud permanent`,
        `route replace 10.244.2.0/24 via 10.244.2.0 dev ${tunnelLink} onlink`,
      ],
      bridge: [`fdb replace ${farHardware} dev ${tunnelLink} dst 172.16.5.1 self permanent`],
    });
  });

  test('nothing is done where all is as it should be', () => {
    expect(changes({ tunnels: [far] }, tunnelled)).toEqual({ ip: [], bridge: [] });
  });

  test('a machine that has another address is followed', () => {
    const moved = { ...far, address: '172.16.5.2' };
    expect(changes({ tunnels: [moved] }, tunnelled)).toEqual({
      ip: [],
      bridge: [`fdb replace ${farHardware} dev ${tunnelLink} dst 172.16.5.2 self permanent`],
    });
  });

  test('our own other address makes the tunnel anew, with all that hung on it', () => {
    const elsewhere = { ...tunnelled, tunnel: { ...tunnel, local: '192.168.1.99' } };
    const { ip, bridge } = changes({ tunnels: [far] }, elsewhere);
    expect(ip[0]).toBe(`link delete ${tunnelLink}`);
    expect({ ip: ip.slice(1), bridge }).toEqual(changes({ tunnels: [far] }, nothing));
  });

  test('a smaller packet is set on the link that is there', () => {
    const larger = { ...tunnelled, tunnel: { ...tunnel, mtu: 1500 } };
    expect(changes({ tunnels: [far] }, larger).ip).toEqual([`link set ${tunnelLink} mtu 1450`]);
  });

  test('one that is gone is forgotten, and the last takes the tunnel with it', () => {
    const other: PodTunnel = { range: '10.244.3.0/24', node: 'other', address: '172.16.5.3' };
    const otherHardware = tunnelHardwareAddress(clusterId, 'other');
    const both: KernelRoutes = {
      links: [],
      routes: new Map([...tunnelled.routes, ['10.244.3.0/24', { via: '10.244.3.0', link: tunnelLink }]]),
      tunnel: {
        ...tunnel,
        neighbours: new Map([...tunnel.neighbours, ['10.244.3.0', otherHardware]]),
        forwarding: new Map([...tunnel.forwarding, [otherHardware, '172.16.5.3']]),
      },
    };
    expect(changes({ tunnels: [far] }, both, [far.range, other.range])).toEqual({
      ip: ['route delete 10.244.3.0/24', `neigh delete 10.244.3.0 dev ${tunnelLink}`],
      bridge: [`fdb delete ${otherHardware} dev ${tunnelLink} self`],
    });
    expect(changes({}, tunnelled, [far.range]).ip).toEqual(['route delete 10.244.2.0/24', `link delete ${tunnelLink}`]);
  });
});

test('two clusters have different tunnels, and two nodes different ends', () => {
  expect(tunnelNumber('abcdefgh')).not.toBe(tunnelNumber('abcdefgi'));
  expect(tunnelHardwareAddress('a', 'x')).not.toBe(tunnelHardwareAddress('a', 'y'));
  expect(tunnelHardwareAddress('a', 'x')).toMatch(/^02(:[0-9a-f]{2}){5}$/);
});
