import { expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { realEnvironment } from '../../../test/support/environment.ts';
import { podCertificateRequests } from '../../resources/schema/resource-types.generated.ts';
import { createCertificateRequest } from '../../wire/pki/certificate-request.ts';
import { generateKeyPair } from '../../wire/pki/key-pair.ts';
import { parsePem } from '../../wire/pki/pem.ts';
import { podCertificateCleanerController } from './pod-certificate-cleaner-controller.ts';

test('a request is gone a quarter of an hour after it was made', async () => {
  const world = await ControllerWorld.make();
  world.start(podCertificateCleanerController);
  const pem = createCertificateRequest({ commonName: '', organizations: [] }, generateKeyPair(realEnvironment));
  const [der = Buffer.alloc(0)] = parsePem(pem, 'CERTIFICATE REQUEST');
  await world.client.create(podCertificateRequests, {
    metadata: { namespace: 'shop', name: 'r' },
    spec: {
      signerName: 'example.com/s',
      podName: 'web',
      podUID: 'p',
      serviceAccountName: 'default',
      serviceAccountUID: 'a',
      nodeName: 'n1',
      nodeUID: 'n',
      stubPKCS10Request: der.toString('base64'),
    },
  });
  await world.advance(14 * 60_000);
  expect(await world.names(podCertificateRequests)).toEqual(['r']);
  await world.advance(61_000);
  expect(await world.names(podCertificateRequests)).toEqual([]);
  await world.stop();
});
