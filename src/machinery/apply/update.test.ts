import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { normalise } from '../schema/normalise.ts';
import { updateManagedFields, type WriteOptions } from './update.ts';

const schema = builtInSchema('apps.v1.Deployment');
const options: WriteOptions = { manager: 'm', apiVersion: 'apps/v1', now: Date.UTC(2026, 0, 1), subresource: '' };
const time = '2026-01-01T00:00:00Z';

function deployment(spec: object, metadata: object = {}, status: object = {}): KubeObject {
  const source = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', ...metadata }, spec, status };
  return normalise(schema, source).value as unknown as KubeObject;
}

function entry(manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry {
  return { manager, operation: 'Update', apiVersion: 'apps/v1', time, fieldsType: 'FieldsV1', fieldsV1, ...more };
}

const spec = {
  replicas: 1,
  selector: { matchLabels: { app: 'a' } },
  template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'i' }] } },
};

test('a create owns what it sets, as Kubernetes writes it', () => {
  const created = deployment(spec, { uid: 'u', labels: { x: 'y' }, creationTimestamp: time, generation: 1 });
  expect(updateManagedFields(schema, undefined, created, options)).toEqual([
    entry('m', {
      'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } },
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} } },
          },
        },
      },
    }),
  ]);
});

const owned = entry('other', { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }, { time: '2025-01-01T00:00:00Z' });
const live = deployment({ ...spec, paused: true }, { uid: 'u', managedFields: [owned] });

test('who changes a field owns it, and nobody else does', () => {
  expect(updateManagedFields(schema, live, deployment({ ...spec, replicas: 2, paused: true }), options)).toEqual([
    { ...owned, fieldsV1: { 'f:spec': { 'f:paused': {} } } },
    entry('m', { 'f:spec': { 'f:replicas': {} } }),
  ]);
});

test('a field that is gone is nobody’s', () => {
  expect(updateManagedFields(schema, live, deployment(spec), options)).toEqual([
    { ...owned, fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
  ]);
});

test('a write that changes nothing leaves the entries as they are', () => {
  const managedFields = live.metadata.managedFields;
  expect(
    updateManagedFields(schema, live, deployment({ ...spec, paused: true }, { resourceVersion: '8' }), options),
  ).toBe(managedFields);
  const same = deployment({ ...spec, paused: true }, { managedFields, resourceVersion: '7', generation: 3 });
  expect(updateManagedFields(schema, live, same, options)).toEqual(managedFields);
});

test('a manager has one entry for each subresource and version', () => {
  const first = entry('m', { 'f:spec': { 'f:paused': {} } });
  const before = deployment({ ...spec, paused: true }, { uid: 'u', managedFields: [first] });
  const next = deployment({ ...spec, replicas: 5, paused: true });
  const of = (more: Partial<WriteOptions>) => updateManagedFields(schema, before, next, { ...options, ...more });
  expect(of({})).toEqual([entry('m', { 'f:spec': { 'f:paused': {}, 'f:replicas': {} } })]);
  expect(of({ subresource: 'scale' })).toEqual([
    first,
    entry('m', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' }),
  ]);
  expect(of({ apiVersion: 'apps/v2' })).toEqual([
    first,
    entry('m', { 'f:spec': { 'f:replicas': {} } }, { apiVersion: 'apps/v2' }),
  ]);
});

test('fields that a write cannot change are not owned by it', () => {
  const next = deployment({ ...spec, replicas: 5, paused: true }, {}, { replicas: 3 });
  expect(updateManagedFields(schema, live, next, { ...options, resetFields: { 'f:status': {} } })).toEqual([
    { ...owned, fieldsV1: { 'f:spec': { 'f:paused': {} } } },
    entry('m', { 'f:spec': { 'f:replicas': {} } }),
  ]);
  const status = { ...options, subresource: 'status', resetFields: { 'f:spec': {}, 'f:metadata': {} } };
  expect(updateManagedFields(schema, live, next, status)).toEqual([
    owned,
    entry('m', { 'f:status': { 'f:replicas': {} } }, { subresource: 'status' }),
  ]);
});

test('an empty list, or an empty entry, ends tracking until the next apply', () => {
  const next = (managedFields: unknown) => deployment({ ...spec, replicas: 9 }, { managedFields });
  expect(updateManagedFields(schema, live, next([]), options)).toEqual([]);
  expect(updateManagedFields(schema, live, next([{}]), options)).toEqual([]);
  expect(updateManagedFields(schema, deployment(spec, { uid: 'u' }), next(undefined), options)).toEqual([]);
});

test('entries that a write brings along count when they can be read', () => {
  const given = entry('given', { 'f:spec': { 'f:selector': {} } });
  const next = (managedFields: unknown) => deployment({ ...spec, paused: true }, { managedFields });
  expect(updateManagedFields(schema, live, next([given]), options)).toEqual([given]);
  expect(updateManagedFields(schema, live, next([{ ...given, operation: 'x' }]), options)).toEqual([owned]);
  expect(updateManagedFields(schema, live, next([{ ...given, fieldsV1: { bad: {} } }]), options)).toEqual([owned]);
  expect(updateManagedFields(schema, live, next([given]), { ...options, subresource: 'status' })).toEqual([owned]);
});
