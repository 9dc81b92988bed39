import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import { silentLogger } from '../../machinery/log.ts';
import { NodeAccess } from './node-access.ts';

const certificate = { commonName: 'system:node:other', organizations: ['system:nodes'], fingerprint: '' };
/** The API server does not answer. */
const client = { create: () => Promise.reject(new Error('away')) };

test('other nodes may read the one path that is for them, also while the API is away, and nothing else', async () => {
  const pathForNodes = '/for-nodes';
  const environment = virtualEnvironment(1);
  const access = new NodeAccess({ client, environment, logger: silentLogger, nodeName: 'own', pathForNodes });
  const status = async (method: string, path: string, organizations = certificate.organizations) =>
    (await access.refusal({ method, path, headers: {} }, { ...certificate, organizations }))?.status;
  expect(await status('GET', '/for-nodes')).toBeUndefined();
  expect(await status('POST', '/for-nodes')).toBe(500);
  expect(await status('GET', '/for-nodes/../pods')).toBe(500);
  expect(await status('GET', '/pods')).toBe(500);
  expect(await status('GET', '/for-nodes', ['dev'])).toBe(500);
});
