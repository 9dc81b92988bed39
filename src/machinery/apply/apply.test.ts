import fc from 'fast-check';
import { expect, test } from 'vitest';
import { builtInSchema } from '../../../test/support/built-in-schemas.ts';
import { jsonEqual } from '../json-equal.ts';
import type { Members } from '../members.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { normalise } from '../schema/normalise.ts';
import { StatusError } from '../status-error.ts';
import { type Applied, type ApplyOptions, applyPatch } from './apply.ts';
import { sameContent } from './same-content.ts';
import { updateManagedFields } from './update.ts';

const schema = builtInSchema('core.v1.ConfigMap');
const now = Date.UTC(2026, 0, 1);
const time = '2026-01-01T00:00:00Z';
const base = { apiVersion: 'v1', kind: 'ConfigMap' };

function options(manager: string, more: Partial<ApplyOptions> = {}): ApplyOptions {
  return { manager, apiVersion: 'v1', now, subresource: '', force: false, ...more };
}

/** A stored object, as the registry makes it of what apply answers. */
function stored({ object, managedFields }: Applied): KubeObject {
  const value = normalise(schema, object).value as unknown as KubeObject;
  return { ...value, metadata: { uid: 'u', ...value.metadata, managedFields } };
}

function apply(live: KubeObject | undefined, manager: string, config: Members, more: Partial<ApplyOptions> = {}) {
  return stored(applyPatch(schema, live, { ...base, metadata: { name: 's' }, ...config }, options(manager, more)));
}

function edit(live: KubeObject, manager: string, data: Members): KubeObject {
  const next = normalise(schema, { ...live, data }).value as unknown as KubeObject;
  const managedFields = updateManagedFields(schema, live, next, options(manager));
  return { ...next, metadata: { ...next.metadata, managedFields } };
}

function entry(manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry {
  return { manager, operation: 'Apply', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1, ...more };
}
const dataOf = (object: KubeObject) => (object as unknown as Members)['data'];
const owners = (object: KubeObject) => object.metadata.managedFields;

/** The steps were taken on a Kubernetes 1.37.1 too, which answered the same. */
test('an object is created, shared, contested, taken and given up', () => {
  const a1 = { 'f:data': { 'f:a': {} } };
  const created = apply(undefined, 'm1', { data: { a: '1' } });
  expect(created).toMatchObject({
    ...base,
    metadata: { name: 's', managedFields: [entry('m1', a1)] },
    data: { a: '1' },
  });

  const shared = apply(created, 'm2', { data: { a: '1' } }, { now: now + 1000 });
  const { time: _, ...withoutTime } = entry('m2', a1);
  expect(owners(shared)).toEqual([withoutTime, entry('m1', a1)]);
  expect(apply(shared, 'm2', { data: { a: '1' } }, { now: now + 9000 })).toEqual(shared);

  expect(() => apply(shared, 'm3', { data: { a: '2' } })).toThrow(
    'Apply failed with 2 conflicts: conflicts with "m1":\n- .data.a\nconflicts with "m2":\n- .data.a',
  );
  const taken = apply(shared, 'm3', { data: { a: '2' } }, { force: true });
  expect(owners(taken)).toEqual([entry('m3', a1)]);
  expect(apply(taken, 'm1', {})).toEqual(taken);

  const removed = apply(taken, 'm3', {});
  expect(removed).not.toHaveProperty('data');
  expect(owners(removed)).toEqual([]);
  expect(owners(apply(removed, 'm3', { data: null }))).toEqual([entry('m3', { 'f:data': {} })]);
});

test('a conflict tells every field and its owner', () => {
  expect.assertions(2);
  const live = edit(apply(undefined, 'm1', { data: { a: '1' } }), 'kubectl-edit', { a: '1', b: '2' });
  try {
    apply(live, 'm2', { data: { b: '3' } });
  } catch (error) {
    expect((error as StatusError).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.b',
    );
    expect((error as StatusError).status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-edit" using v1', field: '.data.b' },
        ],
      },
    });
  }
});

test('what is left out goes, unless somebody else owns it', () => {
  const both = apply(apply(undefined, 'm1', { data: { a: '1', b: '2' } }), 'm2', { data: { b: '2' } });
  const left = apply(both, 'm1', {});
  expect(dataOf(left)).toEqual({ b: '2' });
  expect(owners(left)).toMatchObject([{ manager: 'm2' }]);
});

test('fields that nobody is known to own were there before the first apply', () => {
  const live = { ...base, metadata: { name: 's', uid: 'u' }, data: { a: '1' } } as KubeObject;
  expect(owners(apply(live, 'm1', { data: { b: '2' } }))).toEqual([
    entry('m1', { 'f:data': { 'f:b': {} } }),
    entry('before-first-apply', { 'f:data': { '.': {}, 'f:a': {} } }, { operation: 'Update' }),
  ]);
  expect(() => apply(live, 'm1', { data: { a: '2' } })).toThrow(
    'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
  );
});

test('kubectl takes over what client-side apply set, and keeps its annotation', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const config = { ...base, metadata: { name: 's', annotations: {} }, data: { a: '1', b: '2' } };
  const annotations = { [annotation]: JSON.stringify(config) };
  const source = { ...config, metadata: { name: 's', uid: 'u', annotations } } as KubeObject;
  const managedFields = updateManagedFields(schema, undefined, source, options('kubectl-client-side-apply'));
  const live = { ...source, metadata: { ...source.metadata, managedFields } };
  const changed = { data: { a: '9', b: '2' } };
  expect(() => apply(live, 'somebody', changed)).toThrow('conflict with "kubectl-client-side-apply" using v1: .data.a');
  const applied = apply(live, 'kubectl', changed);
  expect(dataOf(applied)).toEqual(changed.data);
  expect(applied.metadata.annotations?.[annotation]).toBe(
    '{"apiVersion":"v1","data":{"a":"9","b":"2"},"kind":"ConfigMap","metadata":{"name":"s"}}\n',
  );
  expect(owners(applied)?.[0]).toEqual(entry('kubectl', { 'f:data': { 'f:a': {}, 'f:b': {} } }));
  const edited = edit(live, 'kubectl-edit', { a: '5', b: '2' });
  expect(() => apply(edited, 'kubectl', changed)).toThrow(
    'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a',
  );
});

test('what cannot be applied', () => {
  expect(() => apply(undefined, 'm', { metadata: { managedFields: [] } })).toThrow(
    'metadata.managedFields must be nil',
  );
  expect(() => apply(undefined, 'm', { metadata: { name: 's', namespace: 'n' }, data: [] })).toThrow(
    'failed to create typed patch object (n/s; /v1, Kind=ConfigMap): .data: expected map, got &{[]}',
  );
  const broken = { ...base, metadata: { name: 's', managedFields: [{ operation: 'x' }] } } as KubeObject;
  expect(() => apply(broken, 'm', {})).toThrow(
    'failed to decode managed fields: operation must be `Apply` or `Update`',
  );
});

test('a status is applied for itself', () => {
  const pods = builtInSchema('core.v1.Pod');
  const live = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'u' },
    spec: { nodeName: 'n' },
  } as KubeObject;
  const config = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { nodeName: 'x' },
    status: { phase: 'Running' },
  };
  const { managedFields } = applyPatch(pods, live, config, {
    ...options('agent', { subresource: 'status', force: true }),
    resetFields: { 'f:spec': {}, 'f:metadata': {} },
  });
  expect(managedFields).toContainEqual(entry('agent', { 'f:status': { 'f:phase': {} } }, { subresource: 'status' }));
});

const data = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'));
const finalizers = fc.uniqueArray(fc.constantFrom('x/a', 'x/b'));
const config = fc.record({ data, finalizers }).map((value) => ({
  metadata: { name: 's', finalizers: value.finalizers },
  data: value.data,
}));
const step = fc.record({
  manager: fc.constantFrom('m1', 'm2', 'm3'),
  kind: fc.constantFrom('apply', 'force', 'edit'),
  config,
});

/** Runs the steps; a conflict leaves the object as it was. */
function run(steps: readonly { manager: string; kind: string; config: Members & { data: Members } }[]): KubeObject {
  let live = apply(undefined, 'm1', {});
  for (const { manager, kind, config: wanted } of steps) {
    try {
      live =
        kind === 'edit' ? edit(live, manager, wanted.data) : apply(live, manager, wanted, { force: kind === 'force' });
    } catch (error) {
      if (!(error instanceof StatusError && error.reason === 'Conflict')) throw error;
    }
  }
  return live;
}

/** The causes of the conflict that a call ends in; none when it ends well. */
function conflictsOf(call: () => unknown): readonly unknown[] {
  try {
    call();
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'Conflict') return error.status.details?.causes ?? [];
    throw error;
  }
  return [];
}

/** The conflicts over the map `data` as such, not over its keys, that m1 has with those who own it besides. */
function conflictsOverData(object: KubeObject): readonly unknown[] {
  return (owners(object) ?? []).flatMap(({ manager, operation, fieldsV1 }) => {
    const fields = (fieldsV1 as Record<string, Members>)['f:data'];
    const owned = fields !== undefined && (Object.keys(fields).length === 0 || '.' in fields);
    if (!owned || (manager === 'm1' && operation === 'Apply')) return [];
    const message = `conflict with "${manager}"${operation === 'Update' ? ' using v1' : ''}`;
    return [{ reason: 'FieldManagerConflict', message, field: '.data' }];
  });
}

/** The steps were taken on a Kubernetes 1.37.1 too, which answered the same. */
test('an empty map that takes away the last member is contested until it is forced once more', () => {
  const mapAlone = { 'f:data': {} };
  const applied = apply(apply(undefined, 'm1', { data: { a: '1' } }), 'm2', { data: {} });
  const emptied = apply(applied, 'm1', { data: {} }, { force: true });
  expect(emptied).not.toHaveProperty('data');
  expect(owners(emptied)).toMatchObject([
    { manager: 'm2', fieldsV1: mapAlone },
    { manager: 'm1', fieldsV1: mapAlone },
  ]);
  expect(() => apply(emptied, 'm1', { data: {} })).toThrow('Apply failed with 1 conflict: conflict with "m2": .data');
  const forced = apply(emptied, 'm1', { data: {} }, { force: true });
  expect(owners(forced)).toEqual([entry('m1', mapAlone)]);
  expect(sameContent(forced, apply(forced, 'm1', { data: {} }, { now: now + 5000 }))).toBe(true);

  const untracked = { ...base, metadata: { name: 's', uid: 'u' }, data: { b: '1' } } as KubeObject;
  const taken = apply(untracked, 'm1', { data: { b: '2' } }, { force: true });
  const gone = apply(taken, 'm1', { data: {} }, { force: true });
  expect(gone).not.toHaveProperty('data');
  expect(() => apply(gone, 'm1', { data: {} })).toThrow(
    'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data',
  );
});

/** The steps were taken on a Kubernetes 1.37.1 too, which answered the same. */
test('an empty list that is dropped again makes who applies it the newest, which is a write once', () => {
  const wanted = { metadata: { name: 's', finalizers: [] }, data: { a: '1' } };
  const first = apply(undefined, 'm1', wanted);
  const second = apply(first, 'm2', { data: { b: '1' } }, { now: now + 1000 });
  expect(owners(second)).toMatchObject([{ manager: 'm1' }, { manager: 'm2' }]);
  const moved = apply(second, 'm1', wanted, { now: now + 2000 });
  expect(sameContent(second, moved)).toBe(false);
  expect(owners(moved)).toMatchObject([{ manager: 'm2' }, { manager: 'm1', time: '2026-01-01T00:00:02Z' }]);
  expect(sameContent(moved, apply(moved, 'm1', wanted, { now: now + 3000 }))).toBe(true);
});

/** Whether the configuration says an empty map or list that the object, which stores nothing empty, does not have. */
function saysWhatIsDropped(object: KubeObject, { data, metadata }: { data: Members; metadata: Members }): boolean {
  const empty = Object.keys(data).length === 0 && dataOf(object) === undefined;
  return empty || (jsonEqual(metadata['finalizers'], []) && object.metadata.finalizers === undefined);
}

/** The object after m1 applied what is dropped: its entry comes behind all others that applied; when it did before, nothing changed. */
function movedBehind(before: KubeObject, after: KubeObject): KubeObject {
  const entries = owners(before) ?? [];
  const applied = entries.filter(({ operation }) => operation === 'Apply');
  const own = applied
    .filter(({ manager }) => manager === 'm1')
    .map((each) => ({ ...each, time: '2026-01-01T00:00:05Z' }));
  const managedFields = [
    ...applied.filter(({ manager }) => manager !== 'm1'),
    ...own,
    ...entries.filter(({ operation }) => operation !== 'Apply'),
  ];
  expect(after).toEqual({ ...before, metadata: { ...before.metadata, managedFields } });
  const next = sameContent(before, after) ? before : after;
  expect(next === before).toBe(own.length === 0 || applied.at(-1)?.manager === 'm1');
  return next;
}

/**
 * Two exceptions are Kubernetes' own, for what is empty is not stored, and so is new each time it is applied.
 * When applying an empty map has taken away the last member, others who own the map as such keep it, though it is gone: applying it
 * again is a conflict with just these. Forced, it is taken from them, and from then on there is no conflict.
 * And whoever applies what is dropped gets a newer time: where that moves the entry behind the others it is a write, the first time.
 */
test('what is applied by force is there, is owned, and applying it again changes nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), config, (steps, wanted) => {
      let live = apply(run(steps), 'm1', wanted, { force: true });
      expect(dataOf(live) ?? {}).toMatchObject(wanted.data);
      expect(live.metadata.finalizers ?? []).toEqual(expect.arrayContaining(wanted.metadata.finalizers));
      const contested =
        Object.keys(wanted.data).length === 0 && dataOf(live) === undefined ? conflictsOverData(live) : [];
      const conflicts = conflictsOf(() => apply(live, 'm1', wanted));
      expect(conflicts).toHaveLength(contested.length);
      expect(conflicts).toEqual(expect.arrayContaining([...contested]));
      if (contested.length > 0) {
        live = apply(live, 'm1', wanted, { force: true });
        expect(live).not.toHaveProperty('data');
        expect(conflictsOverData(live)).toEqual([]);
      }
      if (saysWhatIsDropped(live, wanted)) live = movedBehind(live, apply(live, 'm1', wanted, { now: now + 5000 }));
      const again = apply(live, 'm1', wanted, { now: now + 9000 });
      expect(sameContent(live, again)).toBe(true);
      expect(sameContent(live, { ...again, data: { z: '9' } } as KubeObject)).toBe(false);
    }),
    // Applied empty where others own the map as such: the exception, every time.
    {
      examples: [
        [
          [
            { manager: 'm1', kind: 'apply', config: { metadata: { name: 's', finalizers: [] }, data: { a: '1' } } },
            { manager: 'm2', kind: 'apply', config: { metadata: { name: 's', finalizers: [] }, data: {} } },
          ],
          { metadata: { name: 's', finalizers: [] }, data: {} },
        ],
      ],
    },
  );
});

test('nobody loses a field to an apply that is not forced', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), config, (steps, wanted) => {
      const before = run(steps);
      fc.pre((owners(before) ?? []).length > 0);
      let after: KubeObject;
      try {
        after = apply(before, 'm1', wanted);
      } catch {
        return;
      }
      const others = (object: KubeObject) => (owners(object) ?? []).filter((each) => each.manager !== 'm1');
      expect(others(after)).toEqual(others(before));
      for (const owner of others(before)) {
        const fields = owner.fieldsV1 as Record<string, Record<string, unknown>>;
        for (const field of Object.keys(fields['f:data'] ?? {}).filter((each) => each !== '.'))
          expect((dataOf(after) as Members)[field.slice(2)]).toBe((dataOf(before) as Members)[field.slice(2)]);
      }
    }),
  );
});
