import { expect, test } from 'vitest';
import { createCluster } from '../../src/cluster/create-cluster.ts';
import { formatTime } from '../../src/machinery/time.ts';
import { podCertificateRequests, pods } from '../../src/resources/schema/resource-types.generated.ts';
import { noAlternativeNames } from '../../src/wire/pki/alternative-names.ts';
import { CertificateAuthority } from '../../src/wire/pki/certificate-authority.ts';
import { readCertificateRequest } from '../../src/wire/pki/certificate-request.ts';
import { realEnvironment } from '../support/environment.ts';

const hourMs = 3600_000;

test.each(['ED25519', 'ECDSAP521'])('a pod runs as soon as a signer has certified its key (%s)', async (keyType) => {
  await using cluster = await createCluster({ time: 'virtual', nodes: 1 });
  const { client } = cluster;
  await cluster.advance('5s');
  const podCertificate = { signerName: 'example.com/s', keyType, credentialBundlePath: 'bundle.pem' };
  await client.create(pods, {
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      volumes: [{ name: 'cert', projected: { sources: [{ podCertificate }] } }],
      containers: [{ name: 'main', image: 'app:1', volumeMounts: [{ name: 'cert', mountPath: '/cert' }] }],
    },
  });
  await cluster.advance('10s');
  const phase = async () => (await client.get(pods, { namespace: 'default', name: 'web' })).status?.phase;
  expect(await phase()).toBe('Pending');
  const { items } = await client.list(podCertificateRequests);
  const [request] = items;
  if (request === undefined) throw new Error('nothing was asked for');
  expect(items).toHaveLength(1);
  expect(request.spec).toMatchObject({ nodeName: 'node-0', podName: 'web', serviceAccountName: 'default' });
  const notBeforeMs = Date.parse(request.metadata.creationTimestamp ?? '');
  const authority = CertificateAuthority.create(realEnvironment, { commonName: 's', validityMs: 24 * 400 * hourMs });
  const { pem } = authority.certify(
    {
      name: [],
      alternativeNames: { ...noAlternativeNames, dnsNames: ['web.example.com'] },
      keyUsages: [0],
      extendedKeyUsages: [],
      notBeforeMs,
      notAfterMs: notBeforeMs + 24 * hourMs,
    },
    readCertificateRequest(Buffer.from(request.spec.stubPKCS10Request ?? '', 'base64')).publicKey,
  );
  const lastTransitionTime = formatTime(notBeforeMs);
  const issued = { type: 'Issued', status: 'True', reason: 'Issued', message: '', lastTransitionTime };
  await client.update(
    podCertificateRequests,
    {
      ...request,
      status: {
        conditions: [issued],
        certificateChain: pem,
        notBefore: formatTime(notBeforeMs),
        notAfter: formatTime(notBeforeMs + 24 * hourMs),
        beginRefreshAt: formatTime(notBeforeMs + 12 * hourMs),
      },
    },
    { subresource: 'status' },
  );
  await cluster.advance('5s');
  expect(await phase()).toBe('Running');
});
