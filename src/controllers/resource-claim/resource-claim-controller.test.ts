import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControllerWorld } from '../../../test/support/controller-world.ts';
import type { Pod, PodResourceClaim } from '../../resources/schema/core-v1.generated.ts';
import { pods, resourceClaims, resourceClaimTemplates } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import { resourceClaimController } from './resource-claim-controller.ts';

let world: ControllerWorld;
beforeEach(async () => {
  world = await ControllerWorld.make();
  world.start(resourceClaimController);
});
afterEach(() => world.stop());

const namespace = 'shop';
const protection = 'resource.kubernetes.io/delete-protection';
const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] };
const byTemplate: PodResourceClaim = { name: 'gpu', resourceClaimTemplateName: 't' };
const allocation = { devices: { results: [{ request: 'r', driver: 'a.b', pool: 'p', device: 'd' }] } };

const makePod = (name: string, resourceClaims: readonly PodResourceClaim[], spec: object = {}) =>
  world.client.create(pods, {
    metadata: { namespace, name },
    spec: { containers: [{ name: 'c', image: 'app:1' }], resourceClaims, ...spec },
  });
const makeTemplate = () =>
  world.client.create(resourceClaimTemplates, {
    metadata: { namespace, name: 't' },
    spec: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { devices } },
  });
const makeClaim = (name: string, finalizers: readonly string[] = []) =>
  world.client.create(resourceClaims, { metadata: { namespace, name, finalizers }, spec: { devices } });
const claims = () => world.list(resourceClaims, namespace);
const pod = (name: string) => world.client.get(pods, { namespace, name });
const claim = (name: string) => world.client.get(resourceClaims, { namespace, name });
const settle = () => world.environment.settle();

function reserved(...users: readonly Pod[]) {
  return users.map(({ metadata: { name = '', uid = '' } }) => ({ resource: 'pods', name, uid }));
}

async function giveOut(object: ResourceClaim, ...users: readonly Pod[]): Promise<ResourceClaim> {
  const status = { allocation, reservedFor: reserved(...users) };
  return await world.client.update(resourceClaims, { ...object, status }, { subresource: 'status' });
}

async function finish(name: string): Promise<void> {
  const object = await pod(name);
  const status = { ...object.status, phase: 'Succeeded' };
  await world.client.update(pods, { ...object, status }, { subresource: 'status' });
  await settle();
}

test('a pod gets a claim by its template, and is told of it', async () => {
  await makeTemplate();
  await makeClaim('own');
  const { metadata } = await makePod('web', [byTemplate, { name: 'other', resourceClaimName: 'own' }]);
  await settle();
  const [made] = (await claims()).filter((each) => each.metadata.name !== 'own');
  expect(made?.metadata).toMatchObject({
    generateName: 'web-gpu-',
    labels: { a: 'b' },
    annotations: { c: 'd', 'resource.kubernetes.io/pod-claim-name': 'gpu' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'web', uid: metadata.uid, controller: true }],
  });
  expect(Object.keys(made?.metadata.ownerReferences?.[0] ?? {})).not.toContain('blockOwnerDeletion');
  expect(made?.spec?.devices?.requests).toEqual([
    { name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } },
  ]);
  const { status, metadata: told } = await pod('web');
  expect(status?.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: made?.metadata.name }]);
  expect(told.managedFields?.map(({ manager, operation, subresource }) => [manager, operation, subresource])).toEqual([
    ['ResourceClaimController', 'Apply', 'status'],
    ['test', 'Update', undefined],
  ]);
});

test('a template that is missing is told, and what comes later is used', async () => {
  await makePod('web', [byTemplate]);
  await settle();
  expect(await claims()).toEqual([]);
  expect(await world.eventLines('web')).toEqual([
    'Warning FailedResourceClaimCreation: PodResourceClaim gpu: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found',
  ]);
  await makeTemplate();
  await settle();
  expect(await claims()).toHaveLength(1);
});

test('a claim that was deleted is made again; one that the pod was not told of is taken', async () => {
  await makeTemplate();
  await makePod('web', [byTemplate]);
  await settle();
  const [first] = await claims();
  await world.client.delete(resourceClaims, { namespace, name: first?.metadata.name ?? '' });
  await settle();
  const [second, ...more] = await claims();
  expect(more).toEqual([]);
  expect(second?.metadata.uid).not.toBe(first?.metadata.uid);
  const told = async () => (await pod('web')).status?.resourceClaimStatuses?.map((each) => each.resourceClaimName);
  expect(await told()).toEqual([second?.metadata.name]);
  const object = await pod('web');
  const { resourceClaimStatuses: _, ...status } = object.status ?? {};
  await world.client.update(pods, { ...object, status }, { subresource: 'status' });
  await settle();
  expect(await claims()).toHaveLength(1);
  expect(await told()).toEqual([second?.metadata.name]);
});

test('a name of another pod of the same name is not taken', async () => {
  await makeTemplate();
  await makePod('web', [byTemplate]);
  await settle();
  const [first] = await claims();
  await world.client.delete(pods, { namespace, name: 'web' }, { gracePeriodSeconds: 0 });
  await makePod('web', [byTemplate]);
  await settle();
  const names = (await claims()).map(({ metadata }) => metadata.name);
  const { resourceClaimStatuses } = (await pod('web')).status ?? {};
  expect(names).not.toContain(first?.metadata.name);
  expect(resourceClaimStatuses?.map((each) => each.resourceClaimName)).toEqual(names);
});

test('both names are cut where they are too long together', async () => {
  await makeTemplate();
  await makePod('p'.repeat(60), [{ ...byTemplate, name: 'c'.repeat(40) }]);
  await settle();
  const [made] = await claims();
  expect(made?.metadata.generateName).toBe(`${'p'.repeat(33)}-${'c'.repeat(22)}`);
});

test('what was made for a pod goes when that is done, and what somebody made stays, free for the next', async () => {
  await makeTemplate();
  await makeClaim('own', [protection]);
  const user = await makePod('web', [byTemplate, { name: 'other', resourceClaimName: 'own' }], { nodeName: 'n' });
  await settle();
  await giveOut(await claim('own'), user);
  await finish('web');
  const [left, ...more] = await claims();
  expect(more).toEqual([]);
  expect(left?.metadata.name).toBe('own');
  expect(left?.metadata.finalizers ?? []).toEqual([]);
  expect(left?.status).toEqual({});
});

test('a claim stays with those who still use it', async () => {
  await makeClaim('own', [protection]);
  const entry = { name: 'a', resourceClaimName: 'own' };
  const first = await makePod('first', [entry], { nodeName: 'n' });
  const second = await makePod('second', [entry], { nodeName: 'n' });
  const stranger = { apiGroup: 'example.com', resource: 'things', name: 'x', uid: 'u' };
  const status = { allocation, reservedFor: [...reserved(first, second), stranger] };
  await world.client.update(resourceClaims, { ...(await claim('own')), status }, { subresource: 'status' });
  await finish('first');
  expect((await claim('own')).status?.reservedFor).toEqual([...reserved(second), stranger]);
  await world.client.delete(pods, { namespace, name: 'second' }, { gracePeriodSeconds: 0 });
  await settle();
  expect((await claim('own')).status).toEqual({ allocation: expect.anything(), reservedFor: [stranger] });
});

test('a claim that is deleted goes when nobody uses it', async () => {
  const user = await makePod('web', [{ name: 'a', resourceClaimName: 'own' }], { nodeName: 'n' });
  await giveOut(await makeClaim('own', [protection]), user);
  await world.client.delete(resourceClaims, { namespace, name: 'own' });
  await settle();
  expect((await claim('own')).status?.reservedFor).toHaveLength(1);
  await finish('web');
  expect(await claims()).toEqual([]);
});

test('a pod that is on a node by other means has what was given out reserved for it', async () => {
  await giveOut(await makeClaim('own', [protection]));
  const user = await makePod('web', [{ name: 'a', resourceClaimName: 'own' }], { nodeName: 'n' });
  await settle();
  expect((await claim('own')).status?.reservedFor).toEqual(reserved(user));
});
