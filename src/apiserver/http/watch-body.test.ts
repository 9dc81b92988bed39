import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { connection, send } from '../../../test/support/test-http.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../wire/http-body.ts';

const collection = '/api/v1/namespaces/default/configmaps';

const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

test('watches as a stream of frames', async () => {
  const api = await testApiServer();
  await send(api, 'POST', collection, { metadata: { name: 'a' } });
  const request = { method: 'GET', path: `${collection}?watch=1&timeoutSeconds=5`, headers: asTable };
  const whole = await api.server.fetch({ ...request, headers: {} }, connection);
  const table = await api.server.fetch(request, connection);
  const reading = [readHttpText(whole.body), readHttpText(table.body)];
  await api.environment.settle();
  await api.client.update(configMaps, { metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
  await api.environment.advance(6_000);
  const [frames = [], rows = []] = (await Promise.all(reading)).map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  expect(frames).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a', resourceVersion: '2' } } },
    { type: 'MODIFIED', object: { data: { k: 'v' }, metadata: { resourceVersion: '3' } } },
  ]);
  expect(rows).toMatchObject([
    { type: 'ADDED', object: { kind: 'Table', columnDefinitions: [{}, {}, {}], rows: [{ cells: ['a', 0, '0s'] }] } },
    { type: 'MODIFIED', object: { columnDefinitions: null, rows: [{ cells: ['a', 1, '0s'] }] } },
  ]);
});

test('a watch that cannot begin says so within the stream', async () => {
  const api = await testApiServer();
  const sent = send(
    api,
    'GET',
    `${collection}?watch=1&resourceVersion=999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
  );
  await api.environment.advance(4_000);
  const { response, value } = await sent;
  expect(response.status).toBe(200);
  expect(value).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 504, reason: 'Timeout' } });
});
