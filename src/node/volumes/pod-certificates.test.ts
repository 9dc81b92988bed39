import { createPrivateKey, createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeWorld } from '../../../test/support/node-world.ts';
import { draft } from '../../machinery/object.ts';
import { formatTime } from '../../machinery/time.ts';
import { podCertificateRequestDefinition } from '../../resources/certificates/pod-certificate-request.ts';
import type { PodCertificateRequest } from '../../resources/schema/certificates-v1.generated.ts';
import { podCertificateRequests, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';
import { noAlternativeNames } from '../../wire/pki/alternative-names.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { readCertificateRequest } from '../../wire/pki/certificate-request.ts';

const namespace = 'default';
const hourMs = 3600_000;
let world: NodeWorld;
let authority: CertificateAuthority;
beforeEach(async () => {
  world = await NodeWorld.start();
  authority = CertificateAuthority.create(world.environment, { commonName: 'signer', validityMs: 90 * 24 * hourMs });
  await world.api.create(serviceAccounts, { metadata: { name: 'default', namespace } });
});
afterEach(() => world.close());

async function run(keyType = 'ECDSAP256'): Promise<void> {
  const podCertificate = {
    signerName: 'example.com/s',
    keyType,
    credentialBundlePath: 'bundle.pem',
    keyPath: 'key.pem',
    certificateChainPath: 'chain.pem',
    userAnnotations: { 'example.com/a': 'b' },
  };
  await world.createPod('web', {
    serviceAccountName: 'default',
    volumes: [{ name: 'cert', projected: { sources: [{ podCertificate }] } }],
    containers: [{ name: 'main', image: 'nginx:1', volumeMounts: [{ name: 'cert', mountPath: '/cert' }] }],
  });
  await world.advance(1);
}

const requests = async () => (await world.api.list(podCertificateRequests, { namespace })).items;
const read = (file: string) => world.readInContainer('web', 'main', `/cert/${file}`);

async function answer(request: PodCertificateRequest, status: NonNullable<PodCertificateRequest['status']>) {
  await world.api.update(podCertificateRequests, { ...request, status }, { subresource: 'status' });
  await world.advance(1);
}

const condition = (type: string, reason: string) => ({
  type,
  status: 'True',
  reason,
  message: 'as it is',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

/** For two hours, to be replaced after one. */
async function issue(request: PodCertificateRequest): Promise<string> {
  const { publicKey } = readCertificateRequest(Buffer.from(request.spec.stubPKCS10Request ?? '', 'base64'));
  const notBeforeMs = Math.floor(world.environment.now() / 1000) * 1000;
  const notAfterMs = notBeforeMs + 2 * hourMs;
  const content = {
    name: [],
    alternativeNames: { ...noAlternativeNames, dnsNames: ['web.example.com'] },
    keyUsages: [0],
    extendedKeyUsages: [],
    notBeforeMs,
    notAfterMs,
  };
  const { pem } = authority.certify(content, publicKey);
  await answer(request, {
    conditions: [condition('Issued', 'Issued')],
    certificateChain: `of the signer\n${pem}`,
    notBefore: formatTime(notBeforeMs),
    notAfter: formatTime(notAfterMs),
    beginRefreshAt: formatTime(notBeforeMs + hourMs),
  });
  return pem;
}

test('a pod waits for its certificate, and has it with its key in files of its own', async () => {
  await run();
  const [request, ...others] = await requests();
  if (request === undefined) throw new Error('nothing was asked for');
  expect(others).toEqual([]);
  expect(request).toMatchObject({
    metadata: { generateName: 'req-', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web' }] },
    spec: {
      signerName: 'example.com/s',
      podName: 'web',
      serviceAccountName: 'default',
      unverifiedUserAnnotations: { 'example.com/a': 'b' },
    },
  });
  expect((await world.events('web')).join()).toContain(
    'FailedMount: MountVolume.SetUp failed for volume "cert" : credential bundle is not issued yet',
  );
  const pem = await issue(request);
  const [key = '', chain, bundle] = await Promise.all([read('key.pem'), read('chain.pem'), read('bundle.pem')]);
  expect(chain).toBe(pem);
  expect(bundle).toBe(key + pem);
  expect(createPublicKey(createPrivateKey(key)).equals(parseCertificate(pem).x509.publicKey)).toBe(true);
});

test('a certificate is replaced with its key when its signer says so, and stays until then', async () => {
  await run();
  const [first] = await requests();
  if (first === undefined) throw new Error('nothing was asked for');
  const pem = await issue(first);
  const key = await read('key.pem');
  await world.advance(hourMs / 1000 - 60);
  expect(await requests()).toHaveLength(1);
  // Signers are not all asked at once.
  await world.advance(8 * 60);
  const [second] = (await requests()).filter(({ metadata }) => metadata.name !== first.metadata.name);
  if (second === undefined) throw new Error('nothing was asked for anew');
  expect(await read('chain.pem')).toBe(pem);
  const renewed = await issue(second);
  expect(await read('chain.pem')).toBe(renewed);
  expect(await read('key.pem')).not.toBe(key);
});

test('one that is not replaced in time is told of, once', async () => {
  await run();
  const [first] = await requests();
  if (first !== undefined) await issue(first);
  await world.advance((3 * hourMs) / 1000);
  const told = (await world.events('web')).filter((line) => line.includes('PodCertificate '));
  expect(told).toEqual([
    'CertificateOverdueForRefresh: PodCertificate refresh overdue',
    'CertificateExpired: PodCertificate expired',
  ]);
});

test.each([
  ['Denied', 'was denied', 'denied'],
  ['Failed', 'failed', 'failed'],
])('%s is for ever', async (type, told, verb) => {
  await run();
  const [request] = await requests();
  if (request === undefined) throw new Error('nothing was asked for');
  await answer(request, { conditions: [condition(type, 'NotYours')] });
  const lines = await world.events('web');
  expect(lines).toContain(
    `${type}: NotYours%!(EXTRA string=PodCertificateRequest default/${request.metadata.name} ${told}, reason="NotYours", message="as it is")`,
  );
  expect(lines).toContain(
    `FailedMount: MountVolume.SetUp failed for volume "cert" : PodCertificateRequest was permanently ${verb}: reason="NotYours" message="as it is"`,
  );
  await world.advance(1800);
  expect(await requests()).toHaveLength(1);
});

test('a request that is gone is made again after a while', async () => {
  await run();
  const [request] = await requests();
  await world.api.delete(podCertificateRequests, { namespace, name: request?.metadata.name ?? '' });
  await world.advance(9 * 60);
  expect(await requests()).toEqual([]);
  await world.advance(10 * 60);
  expect(await requests()).toHaveLength(1);
});

test.each(['ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'])(
  'a key of type %s is one that the server takes',
  async (type) => {
    await run(type);
    const [request] = await requests();
    if (request === undefined) throw new Error('nothing was asked for');
    const complete = draft(request);
    podCertificateRequestDefinition.setDefaults(complete);
    expect(podCertificateRequestDefinition.validate(complete as PodCertificateRequest)).toEqual([]);
  },
);
