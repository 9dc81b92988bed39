import { expect, test } from 'vitest';
import { portRules } from './port-rules.ts';
import type { Rules } from './rules.ts';
import type { ServicePort } from './service-table.ts';

const endpoint = { address: '10.244.0.5', port: 8080, near: true };
const port = (overrides: Partial<ServicePort> = {}): ServicePort => ({
  key: 'shop/web:http',
  protocol: 'tcp',
  clusterIp: '10.96.0.5',
  port: 80,
  nodePort: 0,
  externalIps: [],
  firewall: undefined,
  affinitySeconds: 0,
  internalLocal: false,
  externalLocal: false,
  clusterEndpoints: [endpoint],
  localEndpoints: [],
  served: true,
  serving: new Set(['10.244.0.5:8080']),
  ...overrides,
});
const rulesOf = (overrides?: Partial<ServicePort>) => portRules(port(overrides), '10.244.0.0/16');
/** Names of chains are hashes: only what they are for is looked at. */
const plain = (text: string) => text.replaceAll(/-[\da-f]{16}/g, '');
const elements = (rules: Rules) =>
  rules.elements.map(({ set, key, value }) => plain(`${set} { ${key}${value === '' ? '' : ` : ${value}`} }`));
const chains = (rules: Rules) => [...rules.chains].map(([name, lines]) => [plain(name), lines.map(plain)] as const);

test('endpoints are chosen at random', () => {
  const second = { ...endpoint, address: '10.244.1.6', near: false };
  const rules = rulesOf({ clusterEndpoints: [endpoint, second] });
  expect(chains(rules)).toEqual([
    ['cluster', ['meta l4proto tcp dnat to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.1.6 . 8080 }']],
  ]);
  expect(elements(rules)).toEqual([
    'cluster-addresses { 10.96.0.5 }',
    'service-addresses { tcp . 10.96.0.5 . 80 : goto cluster }',
    'hairpins { 10.244.0.5 . 10.244.0.5 }',
  ]);
});

test('what nobody serves is refused, and what only others may serve is dropped', () => {
  const none = { clusterEndpoints: [], localEndpoints: [] };
  expect(elements(rulesOf({ ...none, served: false, nodePort: 30080 }))).toEqual([
    'cluster-addresses { 10.96.0.5 }',
    'unserved-addresses { tcp . 10.96.0.5 . 80 : goto refuse }',
    'unserved-node-ports { tcp . 30080 : goto refuse }',
  ]);
  expect(elements(rulesOf({ ...none, internalLocal: true }))).toContain(
    'unserved-addresses { tcp . 10.96.0.5 . 80 : drop }',
  );
});

test('where outside traffic is to stay here and nobody is here, pods and the node are still led elsewhere', () => {
  const rules = rulesOf({ externalLocal: true, nodePort: 30080, externalIps: ['192.0.2.1'] });
  expect(elements(rules)).toEqual(
    expect.arrayContaining([
      'node-ports { tcp . 30080 : goto external }',
      'unserved-node-ports { tcp . 30080 : drop }',
      'service-addresses { tcp . 192.0.2.1 . 80 : goto external }',
      'unserved-addresses { tcp . 192.0.2.1 . 80 : drop }',
    ]),
  );
  expect(chains(rules)[1]).toEqual([
    'external',
    [
      'ip saddr 10.244.0.0/16 goto cluster',
      'fib saddr type local ct mark set ct mark | 0x4000',
      'fib saddr type local goto cluster',
    ],
  ]);
});

test('affinity notes who came to which endpoint', () => {
  const rules = rulesOf({ affinitySeconds: 60 });
  expect(chains(rules)).toEqual([
    ['endpoint', ['update @clients-60 { ip saddr }', 'meta l4proto tcp dnat to 10.244.0.5:8080']],
    ['cluster', ['ip saddr @clients-60 goto endpoint', 'numgen random mod 1 vmap { 0 : goto endpoint }']],
  ]);
  expect([...rules.sets.values()]).toEqual(['type ipv4_addr; flags dynamic,timeout; timeout 60s; size 65536;']);
});

test('a load balancer lets in whom it may', () => {
  const firewall = { addresses: ['192.0.2.1'], sources: ['198.51.100.0/24', '203.0.113.0/24'] };
  const rules = rulesOf({ firewall, externalIps: ['192.0.2.1'] });
  expect(elements(rules)).toContain('firewalled { tcp . 192.0.2.1 . 80 : goto firewall }');
  expect(chains(rules).at(-1)).toEqual(['firewall', ['ip saddr != { 198.51.100.0/24, 203.0.113.0/24 } drop']]);
});
