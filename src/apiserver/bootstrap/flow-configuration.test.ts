import { beforeEach, expect, test } from 'vitest';
import { PlainClient } from '../../../test/support/plain-client.ts';
import type { FlowSchema } from '../../resources/schema/flowcontrol-v1.generated.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../resources/schema/resource-types.generated.ts';
import { bootstrapObjects } from './bootstrap-objects.ts';
import { ensureFlowConfiguration } from './flow-configuration.ts';

const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';

let client: PlainClient;
beforeEach(async () => {
  client = new PlainClient();
  await ensureFlowConfiguration(client, bootstrapObjects());
  client.requests.length = 0;
});

function schema(name: string): FlowSchema {
  const found = client.find(flowSchemas, { name });
  if (found === undefined) throw new Error(`no flow schema ${name}`);
  return found;
}

/** Somebody gives it another precedence, and says something by the annotation, or nothing. */
function change(name: string, said: string | undefined, generation = 2): void {
  const { metadata, spec } = schema(name);
  const annotations = said === undefined ? {} : { [autoUpdate]: said };
  client.set(flowSchemas, {
    metadata: { ...metadata, annotations, generation },
    spec: { ...spec, matchingPrecedence: 77 },
  });
}

const state = (name: string) => {
  const { metadata, spec } = schema(name);
  return [spec.matchingPrecedence, metadata.annotations?.[autoUpdate]];
};

test('there are as many as Kubernetes has, and the second time they are only read', async () => {
  expect((await client.list(flowSchemas)).items).toHaveLength(11);
  expect((await client.list(priorityLevelConfigurations)).items).toHaveLength(8);
  await ensureFlowConfiguration(client, bootstrapObjects());
  expect(client.writes).toEqual([]);
});

test('what is deleted comes back', async () => {
  await client.delete(flowSchemas, { name: 'catch-all' });
  await client.delete(flowSchemas, { name: 'global-default' });
  await client.delete(priorityLevelConfigurations, { name: 'exempt' });
  await ensureFlowConfiguration(client, bootstrapObjects());
  expect(state('catch-all')).toEqual([10_000, 'true']);
  expect(state('global-default')).toEqual([9900, 'true']);
  expect(client.find(priorityLevelConfigurations, { name: 'exempt' })).toBeDefined();
});

test.each([
  ['true', 2, [9900, 'true']],
  ['false', 2, [77, 'false']],
  [undefined, 2, [77, 'false']],
  ['perhaps', 1, [9900, 'true']],
])('one that is not mandatory and says %s, at generation %d', async (said, generation, expected) => {
  change('global-default', said, generation);
  await ensureFlowConfiguration(client, bootstrapObjects());
  expect(state('global-default')).toEqual(expected);
});

test('a mandatory one is as it has to be, whatever it says', async () => {
  change('catch-all', 'false');
  await ensureFlowConfiguration(client, bootstrapObjects());
  expect(state('catch-all')).toEqual([10_000, 'true']);
});

test('what the exempt level lends is left as it was set', async () => {
  const level = client.find(priorityLevelConfigurations, { name: 'exempt' });
  if (level === undefined) throw new Error('no exempt level');
  const exempt = { nominalConcurrencyShares: 3, lendablePercent: 50 };
  client.set(priorityLevelConfigurations, { ...level, spec: { ...level.spec, exempt } });
  await ensureFlowConfiguration(client, bootstrapObjects());
  expect(client.writes).toEqual([]);
});

test('of others only those go that say they are written by the server', async () => {
  const spec = { priorityLevelConfiguration: { name: 'catch-all' } };
  for (const said of ['true', 'false', 'perhaps'])
    client.set(flowSchemas, { metadata: { name: said, annotations: { [autoUpdate]: said } }, spec });
  client.set(flowSchemas, { metadata: { name: 'mine' }, spec });
  await ensureFlowConfiguration(client, bootstrapObjects());
  expect(client.writes).toEqual(['delete flowschemas.flowcontrol.apiserver.k8s.io//true']);
});
