import { expect, test } from 'vitest';
import type { PodSpec } from '../../resources/schema/core-v1.generated.ts';
import { podDns } from './dns-config.ts';

const host = { servers: ['192.0.2.1'], searches: ['example.com'], options: [] };

function dnsOf(spec: Partial<PodSpec>) {
  const pod = { metadata: { name: 'web', namespace: 'shop' }, spec: { containers: [], ...spec } };
  return podDns({ pod, clusterDns: ['10.0.0.10'], clusterDomain: 'cluster.local', host });
}

test('a resolver is told of three servers at most, and which those are', () => {
  const { config, omissions } = dnsOf({ dnsConfig: { nameservers: ['9.9.9.9', '8.8.8.8', '9.9.9.9', '7.7.7.7'] } });
  expect(config.servers).toEqual(['10.0.0.10', '9.9.9.9', '8.8.8.8']);
  expect(omissions).toEqual([
    'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.0.0.10 9.9.9.9 8.8.8.8',
  ]);
});

test.each([
  ['many', Array.from({ length: 40 }, (_, index) => `s${index}.net`), 32],
  ['long', Array.from({ length: 20 }, (_, index) => `${'x'.repeat(193)}.s${index}.net`), 13],
])('searches that are too %s are left out from the end', (_, searches, kept) => {
  const { config, omissions } = dnsOf({ dnsConfig: { searches } });
  expect(config.searches).toHaveLength(kept);
  expect(omissions).toEqual([
    `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${config.searches.join(' ')}`,
  ]);
});

test('what fits is told in full', () => {
  expect(dnsOf({}).omissions).toEqual([]);
});
