import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { silentLogger } from '../../machinery/log.ts';
import { serviceCIDRs } from '../../resources/schema/resource-types.generated.ts';
import { DefaultServiceCIDR } from './default-service-cidr.ts';

test('the ranges of the server are shown, ready, and made again when somebody deletes them', async () => {
  const { environment, server, client } = await testApiServer();
  const range = new DefaultServiceCIDR({ client, environment, logger: silentLogger, cidrs: ['10.96.0.0/16'] });
  await range.start();
  const key = { name: 'kubernetes' };
  const first = await client.get(serviceCIDRs, key);
  expect(first.spec).toEqual({ cidrs: ['10.96.0.0/16'] });
  expect(first.status?.conditions).toMatchObject([
    { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready' },
  ]);
  await client.delete(serviceCIDRs, key);
  await environment.advance(10_000);
  expect((await client.get(serviceCIDRs, key)).metadata.uid).not.toBe(first.metadata.uid);
  range.stop();
  await client.delete(serviceCIDRs, key);
  await environment.advance(60_000);
  expect((await client.list(serviceCIDRs)).items).toEqual([]);
  server.stop();
});

test('one with other ranges is left alone, which is told once', async () => {
  const { environment, server, client } = await testApiServer();
  const told: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const range = new DefaultServiceCIDR({ client, environment, logger, cidrs: ['10.96.0.0/16'] });
  const other = { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.97.0.0/16'] } };
  await client.create(serviceCIDRs, other);
  await range.reconcile();
  await range.reconcile();
  expect((await client.get(serviceCIDRs, { name: 'kubernetes' })).status).toEqual({});
  expect(told).toEqual(['the default ServiceCIDR has other ranges than the server']);
  server.stop();
});
