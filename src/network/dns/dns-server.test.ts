import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheKey, IndexedCache } from '../../client/informers/indexed-cache.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentMetrics } from '../../machinery/metrics.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Namespace, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { DnsServer } from './dns-server.ts';
import { encodeAnswer, encodeQuestion, parseQuestion, responseCodes } from './message.ts';
import { Upstream } from './upstream.ts';
import { Zone } from './zone.ts';

const headlessAddresses = Array.from({ length: 60 }, (_, index) => `10.244.1.${index + 1}`);

function cacheOf<T extends KubeObject>(indexes: Readonly<Record<string, (object: T) => readonly string[]>>) {
  const cache = new IndexedCache<T>();
  for (const [name, index] of Object.entries(indexes)) cache.addIndex(name, index);
  return { cache, put: (object: T) => cache.set(cacheKey(object.metadata), object) };
}

function makeZone(): Zone {
  const namespaces = cacheOf<Namespace>({});
  namespaces.put({ metadata: { name: 'shop' } });
  const services = cacheOf<Service>({ clusterIp: ({ spec }) => spec?.clusterIPs ?? [] });
  const service = (name: string, spec: Service['spec']) =>
    services.put({ metadata: { name, namespace: 'shop' }, spec });
  const ports = [{ name: 'http', port: 80 }];
  service('web', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports });
  service('db', { clusterIP: 'None', ports });
  service('many', { clusterIP: 'None', ports });
  service('empty', { clusterIP: 'None', ports });
  service('outside', { type: 'ExternalName', externalName: 'example.test' });
  const slices = cacheOf<EndpointSlice>({
    service: ({ metadata }) => [`shop/${metadata.labels?.['kubernetes.io/service-name']}`],
    address: ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses),
  });
  const slice = (name: string, endpoints: EndpointSlice['endpoints']) =>
    slices.put({
      metadata: { name: `${name}-1`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints,
    });
  slice('db', [
    { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.0.6'], conditions: { ready: true } },
    { addresses: ['10.244.0.7'], conditions: { ready: false } },
  ]);
  slice(
    'many',
    headlessAddresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  );
  return new Zone({
    domain: 'cluster.local',
    namespaces: namespaces.cache,
    services: services.cache,
    slices: slices.cache,
  });
}

describe('DnsServer', () => {
  const upstreamSocket = createSocket('udp4');
  let asked = 0;
  let port = 0;
  let server: DnsServer;
  const resolver = new Resolver({ timeout: 1000, tries: 1 });

  beforeAll(async () => {
    // Answers every question with the address 192.0.2.1 for a minute.
    upstreamSocket.on('message', (message, from) => {
      asked++;
      const answer = Buffer.concat([
        message.subarray(0, 12),
        message.subarray(12),
        Buffer.from('c00c000100010000003c0004c0000201', 'hex'),
      ]);
      answer.writeUInt16BE(0x8180, 2);
      answer.writeUInt16BE(1, 6);
      upstreamSocket.send(answer, from.port, from.address);
    });
    upstreamSocket.bind(0, '127.0.0.1');
    await once(upstreamSocket, 'listening');
    const environment = new RealEnvironment();
    const upstream = new Upstream({
      environment,
      servers: () => [{ address: '127.0.0.1', port: upstreamSocket.address().port }],
    });
    server = new DnsServer({
      environment,
      zone: makeZone(),
      ready: Promise.resolve(),
      upstream,
      metrics: silentMetrics,
      address: '127.0.0.1',
      port: 0,
    });
    port = await server.start();
    resolver.setServers([`127.0.0.1:${port}`]);
  });

  afterAll(async () => {
    await server.stop();
    upstreamSocket.close();
  });

  test('a service has its cluster address', async () => {
    expect(await resolver.resolve4('web.shop.svc.cluster.local')).toEqual(['10.96.0.9']);
    expect(await resolver.resolve4('WEB.Shop.svc.cluster.local')).toEqual(['10.96.0.9']);
  });

  test('a headless service has the addresses of its ready endpoints, and each its own name', async () => {
    expect((await resolver.resolve4('db.shop.svc.cluster.local')).sort()).toEqual(['10.244.0.5', '10.244.0.6']);
    expect(await resolver.resolve4('db-0.db.shop.svc.cluster.local')).toEqual(['10.244.0.5']);
    expect(await resolver.resolve4('10-244-0-6.db.shop.svc.cluster.local')).toEqual(['10.244.0.6']);
  });

  test('ports are found by name', async () => {
    expect(await resolver.resolveSrv('_http._tcp.web.shop.svc.cluster.local')).toMatchObject([
      { name: 'web.shop.svc.cluster.local', port: 80, priority: 0, weight: 100 },
    ]);
    const records = await resolver.resolveSrv('_http._tcp.db.shop.svc.cluster.local');
    expect(records.map(({ name, port, weight }) => `${name}:${port} ${weight}`).sort()).toEqual([
      '10-244-0-6.db.shop.svc.cluster.local:8080 50',
      'db-0.db.shop.svc.cluster.local:8080 50',
    ]);
  });

  test('an external service is an alias, and comes with the addresses of its target', async () => {
    expect(await resolver.resolveCname('outside.shop.svc.cluster.local')).toEqual(['example.test']);
    expect(await resolver.resolve4('outside.shop.svc.cluster.local')).toEqual(['192.0.2.1']);
  });

  const abc = '0361626300';
  test.each([
    ['of another class', `002a01000001000000000000${abc}00010003`, '8185'],
    ['for the whole zone', `002a00000001000000000000${abc}00fc0001`, '8085'],
    ['with another operation', `002a20000001000000000000${abc}00060001`, 'a084'],
    ['that are two', `002a01000002000000000000${abc}00010001${abc}00010001`, '8181'],
    ['that end in the middle', `002a01000001000000000000${abc}`, '8181'],
    ['whose answers are not to be checked', `002a01100001000000000000${abc}00010003`, '8195'],
    ['with extensions to come', `002a01000001000000000001${abc}000100010000291000000100000000`, '8180'],
  ])('questions %s are answered so', async (_, question, flags) => {
    const socket = createSocket('udp4');
    socket.send(Uint8Array.fromHex(question), port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    expect(answer.subarray(0, 4).toString('hex')).toBe(`002a${flags}`);
  });

  test('extensions to come are refused in the extension that is there', async () => {
    const question = parseQuestion(Uint8Array.fromHex(`002a01000001000000000001${abc}000100010000291000000100000000`));
    if (question === undefined) throw new Error('the question was not read');
    const answer = encodeAnswer(question, { code: responseCodes.badVersion, authoritative: false, answers: [] }, 512);
    expect(Buffer.from(answer.subarray(-11)).toString('hex')).toBe('0000291000010000000000');
  });

  test('pods are found by their address, and addresses of services by their name', async () => {
    expect(await resolver.resolve4('1-2-3-4.shop.pod.cluster.local')).toEqual(['1.2.3.4']);
    expect(await resolver.reverse('10.96.0.9')).toEqual(['web.shop.svc.cluster.local']);
  });

  test.each([
    'nope.shop.svc.cluster.local',
    'web.nope.svc.cluster.local',
    'empty.shop.svc.cluster.local',
    'x.web.shop.svc.cluster.local',
    '1-2-3-4.nope.pod.cluster.local',
  ])('%s does not exist', async (name) => {
    await expect(resolver.resolve4(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('a name without an IPv6 address exists all the same', async () => {
    await expect(resolver.resolve6('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  test('an answer that is too large for UDP comes over TCP', async () => {
    expect((await resolver.resolve4('many.shop.svc.cluster.local')).sort()).toEqual([...headlessAddresses].sort());
  });

  test('other names are asked of the machine, once while the answer may be kept', async () => {
    expect(await resolver.resolve4('example.test')).toEqual(['192.0.2.1']);
    const before = asked;
    expect(await resolver.resolve4('example.test')).toEqual(['192.0.2.1']);
    expect(asked).toBe(before);
  });
});

test('before it knows the cluster it says of no name that it does not exist', async () => {
  const environment = new RealEnvironment();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const upstream = new Upstream({ environment, servers: () => [] });
  const options = {
    environment,
    zone: makeZone(),
    ready,
    upstream,
    metrics: silentMetrics,
    address: '127.0.0.1',
    port: 0,
  };
  const server = new DnsServer(options);
  const resolver = new Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${await server.start()}`]);
  const asked = resolver.resolve4('web.shop.svc.cluster.local');
  environment.setTimer(50, resolve);
  expect(await asked).toEqual(['10.96.0.9']);
  await server.stop();
});

test('one that asks for ever more that nobody answers is refused, and others are answered', async () => {
  const machine = createSocket('udp4');
  machine.on('message', (message, from) => {
    if (message.includes('good'))
      machine.send(
        Buffer.concat([message.subarray(0, 2), Buffer.from('8183', 'hex'), message.subarray(4)]),
        from.port,
        from.address,
      );
  });
  machine.bind(0, '127.0.0.1');
  await once(machine, 'listening');
  const environment = new RealEnvironment();
  const servers = () => [{ address: '127.0.0.1', port: machine.address().port }];
  const server = new DnsServer({
    environment,
    zone: makeZone(),
    ready: Promise.resolve(),
    upstream: new Upstream({ environment, servers }),
    metrics: silentMetrics,
    address: '127.0.0.1',
    port: 0,
  });
  const port = await server.start();
  const greedy = createSocket('udp4');
  greedy.bind(0, '127.0.0.2');
  await once(greedy, 'listening');
  const codes = new Map<number, number>();
  greedy.on('message', (answer) => codes.set((answer[3] ?? 0) & 15, (codes.get((answer[3] ?? 0) & 15) ?? 0) + 1));
  for (let id = 0; id < 1_200; id++) {
    greedy.send(encodeQuestion(id, `n${id}.nowhere.test`, 1), port, '127.0.0.1');
    if (id % 100 === 99) await environment.sleep(5);
  }
  const modest = new Resolver({ timeout: 1_000, tries: 1 });
  modest.setServers([`127.0.0.1:${port}`]);
  modest.setLocalAddress('127.0.0.3');
  await expect(modest.resolve4('good.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(await modest.resolve4('web.shop.svc.cluster.local')).toEqual(['10.96.0.9']);
  expect(codes.get(5)).toBeGreaterThan(400);
  greedy.close();
  await server.stop();
  machine.close();
});
