import type { FieldError } from '../../machinery/field-error.ts';
import { generateName } from '../../machinery/name-generation.ts';
import { type Draft, draft, type KubeObject, type ObjectMeta } from '../../machinery/object.ts';
import { validateObjectMeta } from '../../machinery/object-meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { alreadyExists, generateNameConflict, invalidObject } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import { ownChanges } from './field-ownership.ts';
import { checkNamespace, dedupeOwners, storedType, wipeSystemFields } from './metadata.ts';
import type { CreateResult } from './resource-storage.ts';
import type { StoredObject } from './stored-object.ts';
import {
  admissionAttributes,
  admit,
  reserve,
  validateAdmission,
  type WriteScope,
  type WriteSettings,
  writeContext,
} from './write-scope.ts';

/** How often a new name is generated when the last one was taken. */
const nameAttempts = 8;

/** POST: `object` has been decoded and defaulted, and belongs to this call. */
export async function create(
  scope: WriteScope,
  object: Draft<KubeObject>,
  settings: WriteSettings,
): Promise<StoredObject> {
  const { environment } = scope.services;
  checkNamespace(object, scope.resource.definition.type, scope.info.namespace);
  // It is the store that refuses, which a dry run does not reach.
  if (!settings.dryRun && (object.metadata.resourceVersion ?? '') !== '') throw versionOnCreate();
  wipeSystemFields(object);
  dedupeOwners(object, scope);
  ownChanges(scope, object, undefined, settings);
  const attributes = admissionAttributes(scope, 'CREATE', settings.dryRun, object, undefined);
  await admit(scope, attributes);
  dedupeOwners(object, scope);
  const base = (object.metadata.name ?? '') === '' ? (object.metadata.generateName ?? '') : '';
  if (base === '') {
    const { created, existing } = await insert(scope, object, settings.dryRun);
    if (created === undefined) throw taken(scope, object.metadata.name ?? '', existing);
    return created;
  }
  for (let attempt = 1; ; attempt++) {
    object.metadata.name = generateName(base, environment);
    const { created } = await insert(scope, draft(object as KubeObject), settings.dryRun);
    if (created !== undefined) return created;
    if (attempt === nameAttempts)
      throw generateNameConflict(scope.resource.definition.type, object.metadata.name ?? '');
  }
}

/** Without a reason, and as an error of the server: so Kubernetes words it. */
function versionOnCreate(): StatusError {
  return new StatusError({ code: 500, message: 'resourceVersion should not be set on objects to be created' });
}

function taken(scope: WriteScope, name: string, existing: StoredObject | undefined): StatusError {
  const error = alreadyExists(scope.resource.definition.type, name);
  if ((existing?.object.metadata.deletionTimestamp ?? null) === null) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` });
}

/** From admission to the store. */
async function insert(scope: WriteScope, object: Draft<KubeObject>, dryRun: boolean): Promise<CreateResult> {
  const { storage, view } = scope.resource;
  const reservation = await reserve(scope, object, undefined, dryRun);
  let result: CreateResult | undefined;
  try {
    await prepareCreate(scope, object, dryRun);
    const key = storage.format.key(scope.info.namespace, object.metadata.name ?? '');
    result = await storage.create(key, view.toStorage(object), { dryRun, request: scope });
  } finally {
    if (result?.created === undefined || dryRun) reservation?.rollback();
    else reservation?.commit();
  }
  const { created, existing } = result;
  return { created: created && view.of(created), existing };
}

export function newMetadataErrors(definition: ResourceDefinition, metadata: ObjectMeta): readonly FieldError[] {
  return validateObjectMeta(metadata, {
    namespaced: definition.type.namespaced,
    validateName: (name, prefix) => definition.validateName(name, prefix),
    anyFinalizer: definition.anyFinalizer === true,
  });
}

/** What is wrong with a new object, in the order in which Kubernetes tells it. */
export function createErrors(definition: ResourceDefinition, object: KubeObject): readonly FieldError[] {
  const metadataErrors = () => newMetadataErrors(definition, object.metadata);
  if (definition.metadataLast !== true) return [...metadataErrors(), ...definition.validate(object)];
  const errors = definition.validate(object);
  return errors.length > 0 ? errors : metadataErrors();
}

/** Fills in what the server decides about a new object, and validates it. Throws Invalid. */
export async function prepareCreate(scope: WriteScope, object: Draft<KubeObject>, dryRun: boolean): Promise<void> {
  const { environment } = scope.services;
  const { definition } = scope.resource;
  const { metadata } = object;
  metadata.uid = environment.id();
  metadata.creationTimestamp = formatTime(environment.now());
  definition.prepareForCreate?.(object, writeContext(scope));
  if (definition.changesGeneration !== undefined && definition.bornWithoutGeneration !== true) metadata.generation = 1;
  const errors = createErrors(definition, object as KubeObject);
  if (errors.length > 0) throw invalidObject(storedType(definition), metadata.name ?? '', errors);
  for (const warning of definition.warnings?.(object as KubeObject, undefined) ?? []) scope.warn(warning);
  await validateAdmission(scope, admissionAttributes(scope, 'CREATE', dryRun, object, undefined));
}
