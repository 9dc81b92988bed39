import { expect, test } from 'vitest';
import { realEnvironment } from '../../../test/support/environment.ts';
import { admin, allowAll } from '../../../test/support/test-api-server.ts';
import { silentLogger } from '../../machinery/log.ts';
import { isReason } from '../../machinery/status-error.ts';
import { notFound } from '../../machinery/status-errors.ts';
import { metricsDefinitions } from '../../resources/built-in.ts';
import { metricsNodes } from '../../resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../../store/memory/memory-store.ts';
import { ApiServer } from '../api-server.ts';

const usage = { cpu: '1m' };
const of = (name: string) => ({
  metadata: { name, labels: { of: name } },
  timestamp: '2026-01-01T00:00:00Z',
  window: '15s',
  usage,
});

test('what is worked out when it is read is served for as long as it has a definition, and cannot be written', async () => {
  const environment = realEnvironment;
  const server = new ApiServer({
    environment,
    logger: silentLogger,
    store: new MemoryStore({ environment }),
    definitions: metricsDefinitions,
    authorizers: [allowAll],
    computedHandlers: [
      {
        resource: metricsNodes,
        get: async ({ name }) => {
          if (name !== 'a') throw notFound(metricsNodes, name);
          return of('a');
        },
        list: async () => [of('b'), of('a')],
      },
    ],
  });
  await server.start();
  const client = server.client(admin);
  expect((await client.get(metricsNodes, { name: 'a' })).usage).toEqual(usage);
  const names = async (labelSelector = '') =>
    (await client.list(metricsNodes, { labelSelector })).items.map(({ metadata }) => metadata.name);
  expect([await names(), await names('of=b')]).toEqual([['a', 'b'], ['b']]);
  const refused = await client.delete(metricsNodes, { name: 'a' }).catch((error: unknown) => error);
  expect(isReason(refused, 'MethodNotAllowed')).toBe(true);
  server.definitions.remove(metricsNodes);
  const gone = await client.get(metricsNodes, { name: 'a' }).catch((error: unknown) => error);
  expect(isReason(gone, 'NotFound')).toBe(true);
  server.stop();
});
