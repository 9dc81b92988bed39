import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import { send } from '../../../test/support/test-http.ts';
import { flowSchemas } from '../../resources/schema/resource-types.generated.ts';

const path = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
const asTable = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };

test('FlowSchemas are rows in the order of their precedence, and items in that of their names', async () => {
  const api = await testApiServer();
  for (const [name, matchingPrecedence] of [
    ['a', 300],
    ['b', 20],
    ['d', 100],
    ['c', 100],
  ] as const)
    await api.client.create(flowSchemas, {
      metadata: { name },
      spec: { priorityLevelConfiguration: { name: 'catch-all' }, matchingPrecedence },
    });
  const table = (await send(api, 'GET', path, undefined, asTable)).value as { rows: { cells: unknown[] }[] };
  expect(table.rows.map(({ cells }) => cells[0])).toEqual(['b', 'c', 'd', 'a']);
  const list = (await send(api, 'GET', path)).value as { items: { metadata: { name: string } }[] };
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd']);
});
