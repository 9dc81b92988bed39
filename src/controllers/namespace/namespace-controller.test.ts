import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import { isReason } from '../../machinery/status-error.ts';
import {
  configMaps,
  namespaces,
  pods,
  secrets,
  selfSubjectAccessReviews,
} from '../../resources/schema/resource-types.generated.ts';
import { type Discover, namespaceController } from './namespace-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
});
afterEach(() => world.stop());

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const discovered = [
  ...[configMaps, secrets, pods, namespaces].map((type) => ({ type, verbs: all })),
  { type: selfSubjectAccessReviews, verbs: ['create'] },
];

function start(discover: Discover = () => discovered): void {
  world.start((context) => namespaceController(context, { discover }));
}

const inShop = (name: string, finalizers: string[] = []) => ({ metadata: { namespace: 'shop', name, finalizers } });
const shop = () => world.client.get(namespaces, { name: 'shop' });
const shopIsGone = () =>
  shop().then(
    () => false,
    (error) => isReason(error, 'NotFound'),
  );

async function messages(): Promise<Readonly<Record<string, string>>> {
  const { conditions = [] } = (await shop()).status ?? {};
  return Object.fromEntries(conditions.map(({ type, status, message }) => [`${type}=${status}`, message ?? '']));
}

test('everything goes, and then the namespace', async () => {
  await world.client.create(configMaps, inShop('a'));
  await world.client.create(secrets, inShop('b'));
  await world.client.create(namespaces, { metadata: { name: 'other' } });
  await world.client.create(configMaps, { metadata: { namespace: 'other', name: 'stays' } });
  start();
  await world.environment.settle();
  expect(await shopIsGone()).toBe(false);
  await world.client.delete(namespaces, { name: 'shop' });
  await world.environment.settle();
  expect(await shopIsGone()).toBe(true);
  expect(await world.names(configMaps)).toEqual(['stays']);
});

test('says what holds it up, in the words of Kubernetes', async () => {
  await world.client.create(configMaps, inShop('a', ['test/hold', 'test/more']));
  await world.client.create(secrets, inShop('b', ['test/hold']));
  start();
  await world.client.delete(namespaces, { name: 'shop' });
  await world.advance(1_000);
  expect(await messages()).toEqual({
    'NamespaceDeletionDiscoveryFailure=False': 'All resources successfully discovered',
    'NamespaceDeletionGroupVersionParsingFailure=False': 'All legacy kube types successfully parsed',
    'NamespaceDeletionContentFailure=False': 'All content successfully deleted, may be waiting on finalization',
    'NamespaceContentRemaining=True':
      'Some resources are remaining: configmaps. has 1 resource instances, secrets. has 1 resource instances',
    'NamespaceFinalizersRemaining=True':
      'Some content in the namespace has finalizers remaining: test/hold in 2 resource instances, test/more in 1 resource instances',
  });
  for (const type of [configMaps, secrets]) {
    for (const object of await world.list(type, 'shop')) {
      await world.client.update(type, { ...object, metadata: { ...object.metadata, finalizers: [] } });
    }
  }
  await world.advance(6_000);
  expect(await shopIsGone()).toBe(true);
});

test('pods go before what they use', async () => {
  world.startKubelet();
  await world.client.create(pods, {
    metadata: { namespace: 'shop', name: 'p' },
    spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'good' }] },
  });
  await world.client.create(secrets, inShop('password'));
  await world.advance(2_000);
  start();
  await world.client.delete(namespaces, { name: 'shop' });
  await world.advance(500);
  expect((await world.list(pods, 'shop'))[0]?.metadata.deletionTimestamp).toBeDefined();
  expect(await world.names(secrets)).toEqual(['password']);
  expect((await messages())['NamespaceContentRemaining=True']).toBe(
    'Some resources are remaining: pods. has 1 resource instances',
  );
  await world.advance(1_000);
  expect(await shopIsGone()).toBe(true);
});

test('a discovery that fails holds it up and is told', async () => {
  let broken = true;
  start(() => {
    if (broken) throw new Error('metrics.k8s.io/v1beta1: the server is currently unable to handle the request');
    return discovered;
  });
  await world.client.delete(namespaces, { name: 'shop' });
  await world.advance(1_000);
  expect((await messages())['NamespaceDeletionDiscoveryFailure=True']).toBe(
    'Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1: the server is currently unable to handle the request',
  );
  broken = false;
  await world.advance(6_000);
  expect(await shopIsGone()).toBe(true);
});

test('one resource that cannot be deleted does not keep the others', async () => {
  await world.client.create(configMaps, inShop('a'));
  await world.stop();
  world = await ControllerWorld.make({
    admission: [
      {
        name: 'keepSecrets',
        validate({ type, operation }) {
          if (type.resource === 'secrets' && operation === 'DELETE') throw new Error('no secret is ever deleted');
        },
      },
    ],
  });
  await world.client.create(configMaps, inShop('a'));
  await world.client.create(secrets, inShop('b'));
  start();
  await world.client.delete(namespaces, { name: 'shop' });
  await world.advance(6_000);
  expect(await world.names(configMaps)).toEqual([]);
  const [type, message] =
    Object.entries(await messages()).find(([each]) => each.startsWith('NamespaceDeletionContent')) ?? [];
  expect(type).toBe('NamespaceDeletionContentFailure=True');
  expect(message).toMatch(/^Failed to delete all resource types, 1 remaining: secrets: /);
});
