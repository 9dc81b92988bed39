import type { ManagedFieldsEntry } from '../object.ts';
import { canonicalFields, type Fields, isEmpty, isProblem, readFields, union } from './fields.ts';

/** What one manager owns by one kind of operation. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** In canonical form, so that texts are ordered as times are. */
  readonly time: string | undefined;
  readonly fields: Fields;
  /** The entry that this was read from, as long as nothing has changed. */
  readonly entry?: ManagedFieldsEntry | undefined;
}

/** How many entries of updates an object has at most; older ones are merged. */
const maxUpdateManagers = 10;
const ancientChanges = 'ancient-changes';

/**
 * Reads `metadata.managedFields`. Answers what is wrong with it as a string, in Kubernetes' words.
 * `trusted`: the server has written it, so that the fields need no look.
 */
export function readManagers(
  entries: readonly ManagedFieldsEntry[] | undefined,
  trusted: boolean,
): readonly Manager[] | string {
  const managers = new Map<string, Manager>();
  for (const [index, entry] of (entries ?? []).entries()) {
    const { operation, apiVersion = '', fieldsType = '', manager: name = '', subresource = '' } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return 'operation must be `Apply` or `Update`';
    if (apiVersion === '') return 'apiVersion must not be empty';
    if (fieldsType === '') return `missing fieldsType in managed fields entry ${index}`;
    if (fieldsType !== 'FieldsV1') return `invalid fieldsType "${fieldsType}" in managed fields entry ${index}`;
    const fields = trusted ? ((entry.fieldsV1 ?? {}) as Fields) : readFields(entry.fieldsV1 ?? {});
    if (isProblem(fields)) return `error decoding versioned set: error decoding set: ${fields.problem}`;
    const manager: Manager = { name, operation, apiVersion, subresource, time: entry.time ?? undefined, fields };
    managers.set(identityOf(manager), trusted ? { ...manager, entry } : manager);
  }
  return [...managers.values()];
}

/** Two entries with the same identity are one; who applies has one entry whatever version was applied. */
export function identityOf(manager: Omit<Manager, 'time' | 'fields'>): string {
  const { name, operation, subresource, apiVersion } = manager;
  return JSON.stringify([name, operation, subresource, operation === 'Apply' ? '' : apiVersion]);
}

/** `metadata.managedFields` in the order in which Kubernetes writes it: applied before updated, older before newer. */
export function writeManagers(managers: readonly Manager[]): readonly ManagedFieldsEntry[] {
  return managers
    .filter((manager) => !isEmpty(manager.fields))
    .toSorted(compareManagers)
    .map(
      (manager) =>
        manager.entry ?? {
          ...(manager.name !== '' && { manager: manager.name }),
          operation: manager.operation,
          apiVersion: manager.apiVersion,
          ...(manager.time !== undefined && { time: manager.time }),
          fieldsType: 'FieldsV1',
          fieldsV1: canonicalFields(manager.fields),
          ...(manager.subresource !== '' && { subresource: manager.subresource }),
        },
    );
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Merges the oldest updates of one version into one entry when there are too many. */
export function capUpdateManagers(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter((manager) => manager.operation === 'Update');
  if (updates.length <= maxUpdateManagers) return managers;
  const oldestFirst = updates.toSorted(
    (a, b) => compareText(a.time ?? '', b.time ?? '') || compareText(identityOf(a), identityOf(b)),
  );
  const result = new Map(managers.map((manager) => [identityOf(manager), manager]));
  const firstOfVersion = new Map<string, Manager>();
  let left = updates.length;
  for (const update of oldestFirst) {
    if (left <= maxUpdateManagers) break;
    const first = firstOfVersion.get(update.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(update.apiVersion, update);
      continue;
    }
    const bucket: Manager = {
      name: ancientChanges,
      operation: 'Update',
      apiVersion: update.apiVersion,
      subresource: '',
      time: update.time,
      fields: union(first.fields, update.fields),
    };
    result.delete(identityOf(first));
    result.delete(identityOf(update));
    result.set(identityOf(bucket), bucket);
    firstOfVersion.set(update.apiVersion, bucket);
    left--;
  }
  return [...result.values()];
}
