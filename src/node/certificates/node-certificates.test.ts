import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeInformer } from '../../../test/support/fake-informer.ts';
import { JoinWorld } from '../../../test/support/join-world.ts';
import { silentLogger } from '../../machinery/log.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { certificateSigningRequests, nodes } from '../../resources/schema/resource-types.generated.ts';
import type { Certificate } from '../../wire/pki/certificate.ts';
import type { IdentityFiles } from './identity-files.ts';
import { joinCluster } from './join-cluster.ts';
import { NodeCertificates } from './node-certificates.ts';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;

let world: JoinWorld;
let identity: IdentityFiles;
let node: FakeInformer<Node>;
let running: NodeCertificates | undefined;
const inUse: { client: Certificate[]; serving: Certificate[] } = { client: [], serving: [] };

beforeEach(async () => {
  world = await JoinWorld.make();
  ({ identity } = world.machine());
  const token = await world.token('abcdef');
  const { environment } = world;
  await world.during(
    joinCluster({
      environment,
      identity,
      nodeName: 'n1',
      servers: [world.api.url],
      token,
      trust: { authorityHashes: [world.hash] },
      reach: world.reach(),
    }),
  );
  node = new FakeInformer<Node>(nodes, []);
  inUse.client = [];
  inUse.serving = [];
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await world.stop();
});

async function start(): Promise<NodeCertificates> {
  const { environment } = world;
  let shown = await identity.client.read();
  let tls = { authorityPem: world.authority.certificate.pem, certificatePem: shown?.pem, keyPem: shown?.pem };
  const { client } = world.reach()([world.api.url], { tls: () => tls });
  running = new NodeCertificates({
    environment,
    logger: silentLogger,
    identity,
    nodeName: 'n1',
    client,
    node,
    onServing: ({ certificate }) => inUse.serving.push(certificate),
    onClient(pair) {
      shown = pair;
      tls = { ...tls, certificatePem: pair.pem, keyPem: pair.pem };
      inUse.client.push(pair.certificate);
    },
  });
  await running.start();
  return running;
}

/** The node tells of addresses: to the API, and by its informer to itself. */
async function report(...addresses: readonly string[]): Promise<void> {
  const object: Node = {
    metadata: { name: 'n1' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'n1' },
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
      ],
    },
  };
  await world.client.create(nodes, { metadata: { name: 'n1' } }).catch(() => {});
  const body = { status: object.status };
  await world.client.patch(nodes, { name: 'n1' }, { type: 'merge', body }, { subresource: 'status' });
  node.set(object);
  await world.environment.advance(5_000);
}

const namesOf = (certificate: Certificate | undefined) => certificate?.x509.subjectAltName;

test('the serving certificate is asked for when the addresses are known, and again when they change', async () => {
  await start();
  await world.environment.advance(5 * 60_000);
  expect(inUse.serving).toHaveLength(0);
  await report('10.0.0.7');
  expect(inUse.serving.map(namesOf)).toEqual(['DNS:n1, IP Address:10.0.0.7']);
  expect(inUse.serving[0]?.x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  await report('10.0.0.7', '10.0.1.7');
  expect(inUse.serving.map(namesOf)).toEqual([
    'DNS:n1, IP Address:10.0.0.7',
    'DNS:n1, IP Address:10.0.0.7, IP Address:10.0.1.7',
  ]);
});

test('what is there is used at once after a restart, and not asked for again', async () => {
  await start();
  await report('10.0.0.7');
  await running?.stop();
  const requests = (await world.client.list(certificateSigningRequests)).items.length;
  await start();
  expect([inUse.client.length, inUse.serving.length]).toEqual([2, 2]);
  await world.environment.advance(5 * 60_000);
  expect((await world.client.list(certificateSigningRequests)).items).toHaveLength(requests);
});

test('both are renewed between 70 and 90 per cent of their life, for two years', async () => {
  await start();
  await report('10.0.0.7');
  const beganMs = world.environment.now();
  for (let day = 0; day < 730; day += 5) {
    world.environment.shiftClock(5 * dayMs - 70_000);
    await world.environment.advance(70_000);
    const now = world.environment.now();
    for (const certificate of [running?.client?.certificate, running?.serving?.certificate]) {
      expect(certificate?.notBeforeMs).toBeLessThanOrEqual(now);
      expect(certificate?.notAfterMs).toBeGreaterThan(now + 30 * dayMs);
    }
  }
  expect(world.environment.now() - beganMs).toBeGreaterThanOrEqual(730 * dayMs);
  for (const list of [inUse.client, inUse.serving]) {
    expect(list).toHaveLength(3);
    list.slice(1).forEach((certificate, index) => {
      const { notBeforeMs = 0, notAfterMs = 0 } = list[index] ?? {};
      const part = (certificate.notBeforeMs - notBeforeMs) / (notAfterMs - notBeforeMs);
      expect(part).toBeGreaterThan(0.69);
      expect(part).toBeLessThan(0.92);
      expect(certificate.x509.publicKey.equals(list[index]?.x509.publicKey ?? certificate.x509.publicKey)).toBe(false);
    });
  }
});

test('while the API is away it is tried again, until it is back', async () => {
  await start();
  const { handler } = world.api;
  const broken = { fetch: async () => Promise.reject(new Error('gone')) };
  Object.assign(world.api, { handler: broken });
  world.environment.shiftClock(340 * dayMs);
  await world.environment.advance(10 * 60_000);
  expect(inUse.client).toHaveLength(1);
  Object.assign(world.api, { handler });
  await world.environment.advance(2 * 60_000);
  expect(inUse.client).toHaveLength(2);
});
