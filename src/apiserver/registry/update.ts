import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import { generateName } from '../../machinery/name-generation.ts';
import type { Draft, KubeObject, ObjectMeta } from '../../machinery/object.ts';
import { validateObjectMetaUpdate } from '../../machinery/object-meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { badRequest, conflict, invalidObject, nameUndeterminable, notFound } from '../../machinery/status-errors.ts';
import type { ResourceDefinition, StatusSubresource } from '../../resources/definition.ts';
import { newMetadataErrors, prepareCreate } from './create.ts';
import { checkNamespace, dedupeOwners, storedType, wipeSystemFields } from './metadata.ts';
import type { Change } from './resource-storage.ts';
import { StoredObject } from './stored-object.ts';
import {
  admissionAttributes,
  admit,
  reserve,
  validateAdmission,
  type WriteScope,
  type WriteSettings,
  writeContext,
} from './write-scope.ts';

/**
 * How one attempt of an update makes the new object out of the live one, which is undefined when there is none. Whose fields the new
 * object has is entered already.
 */
export type Transform = (live: KubeObject | undefined) => Promise<Draft<KubeObject>> | Draft<KubeObject>;

export interface UpdateOptions extends WriteSettings {
  /** Server-side apply creates what is not there, whatever the kind says about PUT. */
  readonly createMissing: boolean;
  /** A uid in the new object is a precondition, as in PUT; a patch that changes it is invalid. */
  readonly uidIsPrecondition: boolean;
}

export interface UpdateResult {
  readonly object: StoredObject;
  readonly created: boolean;
}

/** PUT and PATCH of an object or of one of its views (`status`). `transform` runs again when somebody else was faster. */
export async function update(scope: WriteScope, transform: Transform, options: UpdateOptions): Promise<UpdateResult> {
  const { storage, view } = scope.resource;
  let removed: Draft<KubeObject> | undefined;
  const result = await storage.change(
    storage.format.key(scope.info.namespace, scope.info.name),
    async (current): Promise<Change> => {
      removed = undefined;
      if (current === undefined) return attemptCreate(scope, transform, options);
      const live = view.of(current).object;
      const object = await transform(live);
      const attempt = await attemptUpdate(scope, object, live, options);
      if (attempt.type === 'delete') removed = object;
      return attempt;
    },
    { dryRun: options.dryRun, request: scope },
  );
  if (removed === undefined) return { object: view.of(result.object), created: result.created };
  // What is answered is the object that was asked for, under the revision that it had.
  const bytes = view.format.encode(removed as KubeObject);
  const revision = Number(removed.metadata.resourceVersion);
  return { object: new StoredObject(view.format, result.object.key, bytes, revision), created: false };
}

async function attemptCreate(scope: WriteScope, transform: Transform, options: UpdateOptions): Promise<Change> {
  const { definition } = scope.resource;
  const { name, namespace } = scope.info;
  if (scope.info.subresource !== '' || !(definition.createOnUpdate || options.createMissing))
    throw notFound(definition.type, name);
  scope.services.authorize(scope.user, { ...scope.info, verb: 'create' });
  const object = await transform(undefined);
  const { uid = '' } = object.metadata;
  if (uid !== '') {
    if (options.uidIsPrecondition) throw uidMismatch(scope, uid, '');
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(definition.type, name, why);
  }
  checkName(object, name);
  checkNamespace(object, definition.type, namespace);
  wipeSystemFields(object);
  dedupeOwners(object, scope);
  await admit(scope, admissionAttributes(scope, 'CREATE', options.dryRun, object, undefined));
  if ((object.metadata.name ?? '') === '' && (object.metadata.generateName ?? '') !== '')
    object.metadata.name = generateName(object.metadata.generateName ?? '', scope.services.environment);
  const reservation = await reserve(scope, object, undefined, options.dryRun);
  try {
    await prepareCreate(scope, object, options.dryRun);
  } catch (error) {
    reservation?.rollback();
    throw error;
  }
  return { type: 'put', object: scope.resource.view.toStorage(object), reservation };
}

async function attemptUpdate(
  scope: WriteScope,
  object: Draft<KubeObject>,
  live: KubeObject,
  options: UpdateOptions,
): Promise<Change> {
  const { dryRun } = options;
  const { definition, view } = scope.resource;
  const { name, namespace } = scope.info;
  checkName(object, name);
  checkNamespace(object, definition.type, namespace);
  if (options.uidIsPrecondition) checkUid(scope, object, live);
  dedupeOwners(object, scope);
  await admit(scope, admissionAttributes(scope, 'UPDATE', dryRun, object, live));
  dedupeOwners(object, scope);
  checkResourceVersion(object, live, definition);
  const reservation = scope.info.subresource === '' ? await reserve(scope, object, live, dryRun) : undefined;
  try {
    prepareUpdate(scope, object, live);
    await validateAdmission(scope, admissionAttributes(scope, 'UPDATE', dryRun, object, live));
  } catch (error) {
    reservation?.rollback();
    throw error;
  }
  if (!endsDeletion(definition, object, live)) {
    return { type: 'put', object: view.toStorage(object), reservation };
  }
  reservation?.rollback();
  return { type: 'delete', reservation: await reserve(scope, undefined, live, dryRun) };
}

/** The name that an object says of itself is the one of the URL. */
export function checkName(object: KubeObject | Draft<KubeObject>, name: string): void {
  const own = object.metadata.name ?? '';
  if (own === '') throw nameUndeterminable(name);
  if (own !== name) throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
}

function checkUid(scope: WriteScope, object: Draft<KubeObject>, live: KubeObject): void {
  const { uid = '' } = object.metadata;
  if (uid !== '' && uid !== live.metadata.uid) throw uidMismatch(scope, uid, live.metadata.uid ?? '');
}

/** Worded as the storage of Kubernetes words it, key and all. */
function uidMismatch(scope: WriteScope, wanted: string, actual: string): Error {
  const { namespace, name } = scope.info;
  const key = scope.resource.storage.format.key(namespace, name);
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${actual}`;
  return conflict(scope.resource.definition.type, name, why);
}

/** The optimistic lock. An update without a version takes the live one where the kind allows that. */
function checkResourceVersion(object: Draft<KubeObject>, live: KubeObject, definition: ResourceDefinition): void {
  const { resourceVersion = '' } = object.metadata;
  const liveVersion = live.metadata.resourceVersion ?? '';
  if (resourceVersion !== '' && resourceVersion !== '0') {
    checkRevisionText(resourceVersion);
    if (resourceVersion !== liveVersion) throw conflict(definition.type, live.metadata.name ?? '');
    return;
  }
  if (!definition.unconditionalUpdate) {
    const error = invalid('metadata.resourceVersion', 0, 'must be specified for an update');
    const { group, resource } = definition.type;
    throw invalidObject({ group, kind: resource }, live.metadata.name ?? '', [error]);
  }
  object.metadata.resourceVersion = liveVersion;
}

/** What is no version is an error of the server, as in Kubernetes. */
function checkRevisionText(text: string): void {
  if (/^\d{1,19}$/.test(text)) return;
  throw new StatusError({ code: 500, message: `strconv.ParseUint: parsing ${quote(text)}: invalid syntax` });
}

/** Keeps what an update may not change, counts the generation, and validates. Throws Invalid. */
function prepareUpdate(scope: WriteScope, object: Draft<KubeObject>, live: KubeObject): void {
  const { definition } = scope.resource;
  const rules = viewRules(definition, scope.info.subresource);
  const { metadata } = object;
  setOrDelete(metadata, 'generation', live.metadata.generation);
  rules.prepareForUpdate?.(object, live, writeContext(scope));
  if ((metadata.uid ?? '') === '') setOrDelete(metadata, 'uid', live.metadata.uid);
  setOrDelete(metadata, 'creationTimestamp', live.metadata.creationTimestamp);
  const { deletionTimestamp = null } = live.metadata;
  if (deletionTimestamp !== null) metadata.deletionTimestamp = deletionTimestamp;
  metadata.deletionGracePeriodSeconds ??= live.metadata.deletionGracePeriodSeconds;
  if (metadata.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  // What is desired changes by any view but that of how things are.
  if (scope.info.subresource !== 'status' && definition.changesGeneration?.(object as KubeObject, live) === true)
    metadata.generation = (live.metadata.generation ?? 0) + 1;
  const errors = [
    ...updatedMetadataErrors(definition, rules === definition, metadata, live.metadata),
    ...rules.validateUpdate(object as KubeObject, live, writeContext(scope)),
  ];
  if (errors.length > 0) throw invalidObject(storedType(definition), metadata.name ?? '', errors);
  for (const warning of rules.warnings?.(object as KubeObject, live) ?? []) scope.warn(warning);
}

function updatedMetadataErrors(
  definition: ResourceDefinition,
  ofObject: boolean,
  metadata: ObjectMeta,
  live: ObjectMeta,
): readonly FieldError[] {
  const errors = validateObjectMetaUpdate(metadata, live, { anyFinalizer: definition.anyFinalizer === true });
  return ofObject && definition.metadataAsNew === true
    ? [...errors, ...newMetadataErrors(definition, metadata)]
    : errors;
}

/** The rules for an object itself, or for one of its views. */
function viewRules(
  definition: ResourceDefinition,
  subresource: string,
): Partial<StatusSubresource<KubeObject>> & Pick<StatusSubresource<KubeObject>, 'validateUpdate'> {
  if (subresource === '' || subresource === 'scale') return definition;
  const rules = subresource === 'status' ? definition.status : definition.views?.[subresource];
  if (rules === undefined) throw notFound(definition.type, subresource);
  return rules;
}

/** Whether this update takes away the last thing that held back an object which is being deleted. */
function endsDeletion(definition: ResourceDefinition, object: Draft<KubeObject>, live: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  if ((live.metadata.deletionTimestamp ?? null) === null) return false;
  if (definition.deletion?.pending(object as KubeObject) === true) return false;
  return (live.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

function setOrDelete<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined || value === null) delete target[key];
  else target[key] = value;
}
