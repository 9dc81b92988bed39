import { applyPatch } from '../../machinery/apply/apply.ts';
import type { Fields } from '../../machinery/apply/fields.ts';
import { managerName } from '../../machinery/apply/manager-name.ts';
import { typedObject } from '../../machinery/apply/typed-object.ts';
import { updateManagedFields } from '../../machinery/apply/update.ts';
import type { Members } from '../../machinery/members.ts';
import type { Draft, KubeObject, ManagedFieldsEntry } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import type { DecodeTarget } from '../../machinery/schema/decode.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { WriteScope, WriteSettings } from './write-scope.ts';

/**
 * Enters in managedFields what a write that is not an apply changes (KEP-555). As in Kubernetes this comes after defaulting and before
 * admission: what admission changes belongs to nobody. `live` is undefined for a create.
 */
export function ownChanges(
  scope: WriteScope,
  object: Draft<KubeObject>,
  live: KubeObject | undefined,
  settings: WriteSettings,
): void {
  const { definition } = scope.resource;
  const options = ownershipOptions(scope, settings);
  setManagedFields(object, updateManagedFields(definition.schema, live, object as KubeObject, options));
}

/** The same for what is answered and never stored: a review, or the body of a subresource. */
export function ownUnstored(
  target: DecodeTarget,
  object: Draft<KubeObject>,
  { info, userAgent }: Pick<WriteScope, 'info' | 'userAgent'>,
  settings: WriteSettings,
  now: number,
): void {
  const options = {
    manager: managerName(settings.fieldManager, userAgent),
    apiVersion: apiVersionOf(target),
    now,
    subresource: info.subresource,
  };
  setManagedFields(object, updateManagedFields(target.schema, undefined, object as KubeObject, options));
}

/** The object that server-side apply makes of the live one and a configuration, defaults filled in. Throws Conflict and BadRequest. */
export function applied(
  scope: WriteScope,
  live: KubeObject | undefined,
  config: Members,
  settings: WriteSettings & { readonly force: boolean },
): Draft<KubeObject> {
  const { definition } = scope.resource;
  const options = { ...ownershipOptions(scope, settings), force: settings.force };
  const result = applyPatch(definition.schema, live, config, options);
  const object = typedObject(definition.schema, result.object, config);
  object.apiVersion = apiVersionOf(definition.type);
  object.kind = definition.type.kind;
  setManagedFields(object, result.managedFields);
  definition.setDefaults(object);
  return object;
}

function setManagedFields(object: Draft<KubeObject>, entries: readonly ManagedFieldsEntry[]): void {
  if (entries.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = [...entries] as Draft<ManagedFieldsEntry>[];
}

function ownershipOptions(scope: WriteScope, settings: WriteSettings) {
  const { definition } = scope.resource;
  const { subresource } = scope.info;
  return {
    manager: managerName(settings.fieldManager, scope.userAgent),
    apiVersion: apiVersionOf(definition.type),
    // Kubernetes loses the time where it turns the owners of a Scale into those of the object.
    now: subresource === 'scale' ? undefined : scope.services.environment.now(),
    subresource,
    resetFields: resetFields(definition, subresource),
  };
}

const resets = new WeakMap<ResourceDefinition, Map<string, Fields | undefined>>();

/** What a write cannot change whatever it says: the object's status, and by way of `status` all the rest. */
function resetFields(definition: ResourceDefinition, subresource: string): Fields | undefined {
  let known = resets.get(definition);
  if (known === undefined) {
    known = new Map();
    resets.set(definition, known);
  }
  if (!known.has(subresource)) known.set(subresource, resetFieldsOf(definition, subresource));
  return known.get(subresource);
}

function resetFieldsOf({ schema, status, views, keeps }: ResourceDefinition, subresource: string): Fields | undefined {
  if (subresource === 'scale') return undefined;
  const kept = subresource === '' ? keeps : views?.[subresource]?.keeps;
  if (subresource !== 'status') return status === undefined ? kept : (kept ?? { 'f:status': {} });
  const others = [...schema.fields.keys()].filter((name) => name !== 'status' && name !== 'metadata');
  return { ...Object.fromEntries(others.map((name) => [`f:${name}`, {}])), ...status?.keeps };
}
