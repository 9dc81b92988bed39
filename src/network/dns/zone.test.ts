import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnsWorld } from '../../../test/reference/dns-world.ts';
import type { DnsAsk } from '../../../test/reference/record-dns.ts';
import { askDns, type DnsReply } from '../../../test/support/dns-client.ts';
import { cacheKey, IndexedCache } from '../../client/informers/indexed-cache.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentMetrics } from '../../machinery/metrics.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Namespace, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { DnsServer } from './dns-server.ts';
import { Upstream } from './upstream.ts';
import { Zone } from './zone.ts';

const file = join(import.meta.dirname, '../../../test/reference/dns-answers.json');
const asks = JSON.parse(readFileSync(file, 'utf8')) as readonly DnsAsk[];

function cacheOf<T extends KubeObject>(
  objects: readonly T[],
  indexes: Readonly<Record<string, (object: T) => readonly string[]>>,
) {
  const cache = new IndexedCache<T>();
  for (const [name, index] of Object.entries(indexes)) cache.addIndex(name, index);
  for (const object of objects) cache.set(cacheKey(object.metadata), object);
  return cache;
}

const zone = new Zone({
  domain: 'cluster.local',
  namespaces: cacheOf<Namespace>([...dnsWorld.namespaces, { metadata: { name: 'default' } }], {}),
  services: cacheOf<Service>(
    [
      ...dnsWorld.services,
      {
        metadata: { namespace: 'default', name: 'kubernetes' },
        spec: { clusterIP: '10.97.0.1', clusterIPs: ['10.97.0.1'], ports: [{ name: 'https', port: 443 }] },
      },
    ],
    { clusterIp: ({ spec }) => spec?.clusterIPs ?? [] },
  ),
  slices: cacheOf<EndpointSlice>(dnsWorld.slices, {
    service: ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`],
    address: ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses),
  }),
});

/** Where we differ with reason. */
const deliberate: Readonly<Record<string, string>> = {
  'A dns-version.cluster.local': 'the name exists, so that it has no address does not mean that it does not exist',
  'PTR 4.9.244.10.in-addr.arpa': 'what is not in the cluster is asked of the machine, as kubeadm sets CoreDNS up',
  'PTR 1.1.244.10.in-addr.arpa': 'the same',
  'A 10.77.97.10.in-addr.arpa': 'the same',
};

describe('answers as CoreDNS does', () => {
  const environment = new RealEnvironment();
  let server: DnsServer;
  let port = 0;
  beforeAll(async () => {
    const upstream = new Upstream({ environment, servers: () => [] });
    const ready = Promise.resolve();
    server = new DnsServer({
      environment,
      zone,
      ready,
      upstream,
      metrics: silentMetrics,
      address: '127.0.0.1',
      port: 0,
    });
    port = await server.start();
  });
  afterAll(() => server.stop());

  const compared = asks.filter(({ name, type }) => deliberate[`${type} ${name}`] === undefined);
  test.each(compared.map((ask) => [`${ask.type} ${ask.name} ${ask.transport ?? ''}${ask.edns ?? ''}`, ask] as const))(
    '%s',
    async (_what, { name, type, answer, ...options }) => {
      if (answer === undefined) throw new Error('nothing was recorded');
      // The alias of a name outside: the reference asks nobody there, we have nobody to ask.
      if (name.startsWith('outside.') && type !== 'CNAME') {
        expect(zone.answer({ name, type: 1 })).toMatchObject({ unresolved: 'example.test' });
        return;
      }
      expect(comparable(await askDns({ address: '127.0.0.1', port }, name, type, options))).toEqual(comparable(answer));
    },
  );

  test('what is different is still in the table', () => {
    for (const key of Object.keys(deliberate)) expect(asks.map(({ name, type }) => `${type} ${name}`)).toContain(key);
  });
});

/** Times to live are settings, names have no case, and which records a cut answer holds is chance. */
function comparable({ answers, authority, additional, ...reply }: DnsReply) {
  const plain = (records: readonly string[]) =>
    records
      .map((record) =>
        record
          .toLowerCase()
          .replace(/^(\S+) \d+/, '$1')
          .replace(/(soa .*) \d+$/, '$1'),
      )
      .toSorted();
  return {
    code: reply.code,
    authoritative: reply.authoritative,
    truncated: reply.truncated,
    answers: reply.truncated ? answers.length : plain(answers),
    authority: plain(authority),
    additional: plain(additional),
  };
}
