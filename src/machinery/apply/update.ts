import { jsonEqual } from '../json-equal.ts';
import type { Members } from '../members.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { normalise } from '../schema/normalise.ts';
import type { StructSchema } from '../schema/schema.ts';
import { formatTime } from '../time.ts';
import { type Comparison, compareObjects, isSame } from './compare.ts';
import { difference, type Fields, isEmpty, recursiveDifference, union } from './fields.ts';
import { capUpdateManagers, identityOf, type Manager, readManagers, writeManagers } from './managers.ts';

export interface WriteOptions {
  /** Who writes: `fieldManager`, or what the user agent begins with. */
  readonly manager: string;
  readonly apiVersion: string;
  /** Milliseconds since 1970; undefined: what is written has no time. */
  readonly now: number | undefined;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** Fields that this write cannot change, whatever it says: `{ 'f:status': {} }` for the object of a kind with a status. */
  readonly resetFields?: Fields | undefined;
}

/** What nobody owns: it is the server's, or it identifies the object. */
const unowned: Fields = {
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
};

/**
 * The managedFields of an object after a write that is not an apply. `live` is undefined for a create. Both objects are in normal
 * form; as in Kubernetes the next one has its defaults already, and has yet to pass admission and what the kind does before it stores. The writer comes to own what it changed, and who owned that before loses it. Entries that the new object brings along are
 * taken when they can be read; an empty list, or one empty entry, ends all tracking until the object is applied.
 */
export function updateManagedFields(
  schema: StructSchema,
  live: KubeObject | undefined,
  next: KubeObject,
  options: WriteOptions,
): readonly ManagedFieldsEntry[] {
  const before = managersBefore(live, next, options.subresource);
  if (live !== undefined && before.managers.length === 0) return [];
  const comparison = ownable(
    compareObjects(schema, live === undefined ? emptyObject(schema) : asMembers(live), asMembers(next)),
    options.resetFields,
  );
  if (isSame(comparison) && before.unchanged !== undefined) return before.unchanged;
  const managers = recordUpdate(before.managers, comparison, options);
  return writeManagers(capUpdateManagers(managers));
}

interface Before {
  readonly managers: readonly Manager[];
  /** The entries as they stand on the live object, when they are where the managers come from. */
  readonly unchanged: readonly ManagedFieldsEntry[] | undefined;
}

function managersBefore(live: KubeObject | undefined, next: KubeObject, subresource: string): Before {
  const own = live?.metadata.managedFields ?? [];
  const given = next.metadata.managedFields;
  const ofLive = (): Before => {
    const managers = readManagers(own, true);
    return typeof managers === 'string' ? { managers: [], unchanged: undefined } : { managers, unchanged: own };
  };
  if (subresource !== '' || given === undefined || given === own) return ofLive();
  if (isReset(given)) return { managers: [], unchanged: undefined };
  if (jsonEqual(given, own)) return ofLive();
  const managers = readManagers(given, false);
  if (typeof managers === 'string' || managers.length === 0) return ofLive();
  return { managers, unchanged: undefined };
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  const [first, second] = entries;
  return first === undefined || (second === undefined && Object.keys(first).length === 0);
}

/** A comparison as far as somebody can own the fields, and this kind of write can change them. */
export function ownable({ added, modified, removed }: Comparison, reset: Fields | undefined): Comparison {
  const cut = (fields: Fields) => {
    const owned = difference(fields, unowned);
    return reset === undefined ? owned : recursiveDifference(owned, reset);
  };
  return { added: cut(added), modified: cut(modified), removed: cut(removed) };
}

/** What the writer changed is its own now, and nobody else's; what it removed is nobody's. */
export function recordUpdate(
  managers: readonly Manager[],
  comparison: Comparison,
  options: WriteOptions,
): readonly Manager[] {
  const changed = union(comparison.added, comparison.modified);
  const others = managers.map((manager) => without(manager, union(changed, comparison.removed)));
  if (isEmpty(changed)) return others.filter((manager) => !isEmpty(manager.fields));
  const writer: Manager = {
    name: options.manager,
    operation: 'Update',
    apiVersion: options.apiVersion,
    subresource: options.subresource,
    time: timeOf(options),
    fields: changed,
  };
  const identity = identityOf(writer);
  const previous = others.find((manager) => identityOf(manager) === identity);
  return [
    ...others.filter((manager) => manager !== previous && !isEmpty(manager.fields)),
    previous === undefined ? writer : { ...writer, fields: union(previous.fields, changed) },
  ];
}

/** When this write is entered to have been. */
export function timeOf({ now }: Pick<WriteOptions, 'now'>): string | undefined {
  return now === undefined ? undefined : formatTime(now);
}

/** The manager without some fields. */
export function without(manager: Manager, fields: Fields): Manager {
  const rest = difference(manager.fields, fields);
  return rest === manager.fields ? manager : { ...manager, fields: rest, entry: undefined };
}

/** What a set owns of what may be owned. */
export function ownedOf(fields: Fields): Fields {
  return difference(fields, unowned);
}

const emptyObjects = new WeakMap<StructSchema, Members>();

/** The object that a create starts from: what normal form writes even when nothing is given. */
export function emptyObject(schema: StructSchema): Members {
  let object = emptyObjects.get(schema);
  if (object === undefined) {
    object = normalise(schema, {}).value;
    emptyObjects.set(schema, object);
  }
  return object;
}

function asMembers(object: KubeObject): Members {
  return object as unknown as Members;
}
