import { expect, test } from 'vitest';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ObjectChanger } from '../registry/extension-points.ts';
import { PodBindings } from './pod-bindings.ts';

async function bind(pod: object, metadata: object): Promise<KubeObject> {
  let bound: KubeObject | undefined;
  const change = async (_type: unknown, _key: unknown, to: (pod: never) => KubeObject) => {
    bound = to(pod as never);
    return bound;
  };
  const bindings = new PodBindings({ change } as unknown as ObjectChanger, new VirtualEnvironment(1));
  const target = { kind: 'Node', name: 'one' };
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', ...metadata }, target };
  await bindings.create(resourceContext({ namespace: 'default', name: 'web' }), body as unknown as KubeObject);
  if (bound === undefined) throw new Error('nothing was changed');
  return bound;
}

test("gives the pod its node, and the binding's labels and annotations over its own", async () => {
  const metadata = { name: 'web', uid: 'u', labels: { app: 'web', zone: 'old' }, annotations: { note: 'kept' } };
  const bound = await bind(
    { metadata, spec: { containers: [] } },
    { labels: { zone: 'a' }, annotations: { by: 'hand' } },
  );
  expect(bound).toMatchObject({
    metadata: { labels: { app: 'web', zone: 'a' }, annotations: { note: 'kept', by: 'hand' } },
    spec: { nodeName: 'one' },
    status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
  });
});

test('refuses a pod that has a node, is going, is gated or is another one', async () => {
  const pod = (metadata: object, spec: object) => ({ metadata: { name: 'web', uid: 'u', ...metadata }, spec });
  const refusal = (object: object, metadata: object = {}) =>
    bind(object, metadata).catch((error: Error) => error.message);
  const at = 'Operation cannot be fulfilled on pods/binding "web": ';
  expect(await refusal(pod({}, { nodeName: 'two' }))).toBe(`${at}pod web is already assigned to node "two"`);
  expect(await refusal(pod({ deletionTimestamp: '2026-01-01T00:00:00Z' }, {}))).toBe(
    `${at}pod web is being deleted, cannot be assigned to a host`,
  );
  expect(await refusal(pod({}, { schedulingGates: [{ name: 'g' }] }))).toBe(
    `${at}pod web has non-empty .spec.schedulingGates`,
  );
  expect(await refusal(pod({}, {}), { uid: 'v' })).toBe(
    `${at}Precondition failed: UID in precondition: v, UID in object meta: u`,
  );
  expect(await refusal(pod({}, {}), { name: 'api' })).toBe('name in URL does not match name in Binding object');
});

test('the older resource names the pod in its body', async () => {
  let key: unknown;
  const change = async (_type: unknown, at: unknown, to: (pod: never) => KubeObject) => {
    key = at;
    return to({ metadata: { name: 'web', uid: 'u' }, spec: {} } as never);
  };
  const { legacy } = new PodBindings({ change } as unknown as ObjectChanger, new VirtualEnvironment(1));
  const post = (metadata: object) =>
    legacy
      .create(resourceContext({ namespace: 'default', name: '' }), {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata,
        target: { kind: 'Node', name: 'one' },
      } as unknown as KubeObject)
      .catch((error: Error) => error.message);
  expect(await post({ name: 'web', uid: 'another' })).toMatchObject({ status: 'Success', code: 201 });
  expect(key).toEqual({ namespace: 'default', name: 'web' });
  expect(await post({})).toBe('Name parameter required.');
  expect(await post({ name: 'web', namespace: 'other' })).toBe(
    'the namespace of the provided object does not match the namespace sent on the request',
  );
});
