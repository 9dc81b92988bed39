import { jsonEqual } from '../json-equal.ts';
import { isMembers, type Members } from '../members.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import type { Schema, StructSchema } from '../schema/schema.ts';
import { badRequest, unclassifiedError } from '../status-errors.ts';
import { compareObjects } from './compare.ts';
import { type Conflict, conflictError } from './conflict.ts';
import { fieldSetOf, withStructFields } from './field-set.ts';
import { difference, type Fields, intersection, isEmpty, noFields, recursiveDifference, union } from './fields.ts';
import { fieldsOfLastApplied, kubectlManager, withLastApplied } from './last-applied.ts';
import { identityOf, type Manager, readManagers, writeManagers } from './managers.ts';
import { removeFields } from './remove.ts';
import { mergeTyped } from './typed-merge.ts';
import { emptyObject, ownable, ownedOf, recordUpdate, timeOf, type WriteOptions, without } from './update.ts';
import { appliedProblem } from './validate-applied.ts';

export interface ApplyOptions extends WriteOptions {
  /** Take fields from whoever owns them. */
  readonly force: boolean;
}

export interface Applied {
  /** The merged object, not yet in normal form; the live object itself when the configuration changes nothing. */
  readonly object: Members;
  readonly managedFields: readonly ManagedFieldsEntry[];
}

/**
 * Server-side apply (KEP-555): merges a configuration into the live object, which is undefined when there is none yet. The manager
 * comes to own what it applied; what it applied before and now leaves out goes, unless somebody else owns it too. Throws the conflict when
 * others own what would change, and bad requests worded as Kubernetes words them. The configuration's kind was checked by
 * `decodeApplied`.
 */
export function applyPatch(
  schema: StructSchema,
  live: KubeObject | undefined,
  config: Members,
  options: ApplyOptions,
): Applied {
  const metadata = config['metadata'];
  if (isMembers(metadata) && (metadata['managedFields'] ?? null) !== null)
    throw badRequest('metadata.managedFields must be nil');
  const problem = appliedProblem(schema, config);
  if (problem !== undefined)
    throw unclassifiedError(`failed to create typed patch object (${describe(config)}): ${problem}`);
  const before = managersOf(live);
  const { managedFields: _, ...meta } = live?.metadata ?? {};
  const liveObject: Members = live === undefined ? emptyObject(schema) : { ...live, metadata: meta };
  const managers = before.length > 0 ? before : beforeFirstApply(schema, liveObject, options);
  const apply = new Apply(schema, liveObject, config, managers, options);
  const { object, managers: after } = apply.run();
  return {
    object: options.manager === kubectlManager ? withLastApplied(object, config) : object,
    managedFields: writeManagers(after),
  };
}

function managersOf(live: KubeObject | undefined): readonly Manager[] {
  const managers = readManagers(live?.metadata.managedFields, true);
  if (typeof managers === 'string') throw unclassifiedError(`failed to decode managed fields: ${managers}`);
  return managers;
}

/** What an object has that nobody is known to own belongs to one who came before the first apply. */
function beforeFirstApply(schema: StructSchema, live: Members, options: ApplyOptions): readonly Manager[] {
  const comparison = ownable(compareObjects(schema, emptyObject(schema), live), options.resetFields);
  return recordUpdate([], comparison, { ...options, manager: 'before-first-apply' });
}

/** `default/web; apps/v1, Kind=Deployment` */
export function describe(config: Members): string {
  const metadata = config['metadata'];
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const [name, namespace] = isMembers(metadata) ? [text(metadata['name']), text(metadata['namespace'])] : ['', ''];
  return `${namespace}/${name}; ${groupVersionKind(config['apiVersion'], config['kind'])}`;
}

/** `apps/v1, Kind=Deployment`; the core group shows as a slash with nothing before it. */
export function groupVersionKind(apiVersion: unknown, kind: unknown): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

class Apply {
  readonly #schema: StructSchema;
  readonly #live: Members;
  readonly #config: Members;
  readonly #options: ApplyOptions;
  readonly #others: readonly Manager[];
  readonly #previous: Manager | undefined;
  readonly #applied: Manager;

  constructor(
    schema: StructSchema,
    live: Members,
    config: Members,
    managers: readonly Manager[],
    options: ApplyOptions,
  ) {
    this.#schema = schema;
    this.#live = live;
    this.#config = config;
    this.#options = options;
    const applied: Omit<Manager, 'fields' | 'time'> = {
      name: options.manager,
      operation: 'Apply',
      apiVersion: options.apiVersion,
      subresource: options.subresource,
    };
    const identity = identityOf(applied);
    this.#previous = managers.find((manager) => identityOf(manager) === identity);
    this.#others = managers.filter((manager) => manager !== this.#previous);
    const fields = fieldSetOf(schema, config);
    this.#applied = {
      ...applied,
      time: this.#previous?.time,
      fields: options.resetFields === undefined ? fields : recursiveDifference(fields, options.resetFields),
    };
  }

  run(): { readonly object: Members; readonly managers: readonly Manager[] } {
    const object = this.#prune(mergeTyped(this.#schema, this.#live, this.#config));
    const others = this.#settle(object);
    const unchanged = jsonEqual(object, this.#live);
    const applied: Manager = {
      ...this.#applied,
      time: unchanged ? this.#applied.time : timeOf(this.#options),
      fields: ownedOf(this.#applied.fields),
    };
    return { object: unchanged ? this.#live : object, managers: [...others, applied] };
  }

  /** Without what the manager applied before and leaves out now, as far as nobody else owns it. */
  #prune(merged: Members): Members {
    const last = this.#previous?.fields ?? noFields;
    const owned = this.#others.reduce((fields, manager) => union(fields, manager.fields), this.#applied.fields);
    // As long as everything is owned by somebody nothing can go.
    if (isEmpty(difference(last, owned))) return merged;
    const named = (fields: Fields) => withStructFields(this.#schema, fields);
    const setOf = (object: Members) => named(fieldSetOf(this.#schema, object));
    const without = (fields: Fields) => remove(this.#schema, merged, fields);
    const all = setOf(merged);
    const lastNamed = named(last);
    const kept = union(setOf(without(lastNamed)), named(owned));
    // What hangs below something that goes, and was never applied by this manager, stays with its parents.
    const gone = intersection(difference(all, setOf(without(difference(all, kept)))), lastNamed);
    return without(gone);
  }

  /** Takes from the others what changes, or throws the conflict. */
  #settle(object: Members): readonly Manager[] {
    const comparison = compareObjects(this.#schema, this.#live, object);
    const { added, modified, removed } = ownable(comparison, this.#options.resetFields);
    const changed = union(modified, added);
    const conflicts = this.#others.flatMap((manager): Conflict[] => {
      const fields = intersection(manager.fields, changed);
      return isEmpty(fields) ? [] : [{ manager, fields }];
    });
    if (!this.#options.force && conflicts.length > 0) this.#refuse(conflicts);
    const lost = union(changed, removed);
    return this.#others.map((manager) => without(manager, lost)).filter((manager) => !isEmpty(manager.fields));
  }

  /** kubectl may take over what client-side apply set: that was kubectl too. */
  #refuse(conflicts: readonly Conflict[]): void {
    const allowed =
      this.#options.manager === kubectlManager
        ? fieldsOfLastApplied(this.#schema, this.#live, this.#options.apiVersion)
        : undefined;
    const left = conflicts.flatMap(({ manager, fields }) => {
      const contested = allowed === undefined ? fields : difference(fields, allowed);
      return isEmpty(contested) ? [] : [{ manager, fields: contested }];
    });
    if (left.length > 0) throw conflictError(left);
  }
}

function remove(schema: Schema, object: Members, fields: Fields): Members {
  const rest = removeFields(schema, object, fields);
  return isMembers(rest) ? rest : {};
}
