import { describe, expect, test } from 'vitest';
import { changedRules, desiredTraffic, fullRuleset } from './ruleset.ts';
import type { ServicePort } from './service-table.ts';

const port = (key: string, overrides: Partial<ServicePort> = {}): ServicePort => {
  const endpoints = overrides.endpoints ?? [{ address: '10.244.0.5', port: 8080 }];
  return {
    key,
    protocol: 'tcp',
    clusterIp: '10.96.0.5',
    port: 80,
    nodePort: 0,
    externalEndpoints: endpoints,
    externalLocal: false,
    ...overrides,
    endpoints,
  };
};

const two = [
  { address: '10.244.0.5', port: 8080 },
  { address: '10.244.0.6', port: 8080 },
];
const rules = (before: readonly ServicePort[], after: readonly ServicePort[]) =>
  changedRules('st', desiredTraffic(before), desiredTraffic(after)).trimEnd().split('\n');

describe('changes to the table', () => {
  test('nothing changed, nothing is sent', () => {
    expect(changedRules('st', desiredTraffic([port('a')]), desiredTraffic([port('a')]))).toBe('');
  });

  test('another endpoint replaces one rule and touches no map', () => {
    const lines = rules([port('a')], [port('a', { endpoints: two, externalEndpoints: two })]);
    expect(lines.filter((line) => line.startsWith('add rule'))).toHaveLength(1);
    expect(lines.join('\n')).toContain(
      'dnat to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.0.6 . 8080 }',
    );
    expect(lines.join('\n')).not.toContain('cluster-ips');
  });

  test('the last endpoint gone turns the service into a refusal, and back', () => {
    const empty = port('a', { endpoints: [], externalEndpoints: [] });
    expect(rules([port('a')], [empty]).at(-1)).toBe('add element ip st no-endpoints { tcp . 10.96.0.5 . 80 }');
    expect(rules([empty], [port('a')])[0]).toBe('delete element ip st no-endpoints { tcp . 10.96.0.5 . 80 }');
  });

  test('an address that moves to another service is taken before it is given', () => {
    const lines = rules([port('a')], [port('b')]);
    const taken = lines.findIndex((line) => line.startsWith('delete element ip st cluster-ips'));
    const given = lines.findIndex((line) => line.startsWith('add element ip st cluster-ips'));
    expect(taken).toBeGreaterThanOrEqual(0);
    expect(given).toBeGreaterThan(taken);
  });
});

test('the whole table replaces what was there in one transaction', () => {
  const options = { table: 'st', bridge: 'br', podRange: '10.244.0.0/16', clusterRange: '10.96.0.0/16' };
  const text = fullRuleset(options, desiredTraffic([port('a', { nodePort: 30080 })]));
  expect(text.startsWith('table ip st {}\ndelete table ip st\ntable ip st {')).toBe(true);
  expect(text).toMatch(/add element ip st node-ports \{ tcp \. 30080 : goto out-[\da-f]{16} \}/);
  // Only what comes from outside gets the node's address as its source.
  expect(text.match(/ct mark set/g)).toHaveLength(1);
});
