import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import { conflict, notFound } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { DeleteSettings } from './delete-settings.ts';
import type { Change } from './resource-storage.ts';
import type { StoredObject } from './stored-object.ts';
import { admissionAttributes, admit, reserve, validateAdmission, type WriteScope } from './write-scope.ts';

export interface DeleteResult {
  /** The object as it was last, or as it is while it is being deleted. */
  readonly object: StoredObject;
  /** It is gone. */
  readonly deleted: boolean;
  /** Clients get a Status instead of the object. */
  readonly asStatus: boolean;
}

/** What a delete makes of an object. */
export type DeletionStep =
  /** It is being deleted already, and this request changes nothing about it. */
  | { readonly type: 'wait' }
  | { readonly type: 'remove' }
  /** It gets a deletion timestamp and stays, or is removed right after. */
  | { readonly type: 'mark'; readonly object: Draft<KubeObject>; readonly thenRemove: boolean };

const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';

/** Warns who deletes a kind whose dependents stay unless it is said otherwise. */
export function warnAboutPropagation({ resource, warn }: WriteScope, settings: DeleteSettings): void {
  const { propagationWarning } = resource.definition;
  const { propagationPolicy, orphanDependents } = settings;
  if (propagationWarning === undefined || propagationPolicy !== undefined || orphanDependents !== undefined) return;
  warn(propagationWarning);
}

/** DELETE of one object. */
export async function remove(scope: WriteScope, settings: DeleteSettings): Promise<DeleteResult> {
  const { storage, view, definition } = scope.resource;
  const key = storage.format.key(scope.info.namespace, scope.info.name);
  const options = { dryRun: settings.dryRun, request: scope };
  let step: DeletionStep = { type: 'wait' };
  const first = await storage.change(
    key,
    async (current): Promise<Change> => {
      if (current === undefined) throw notFound(definition.type, scope.info.name);
      const live = view.of(current).object;
      checkPreconditions(scope, live, settings);
      await admitDelete(scope, live, settings.dryRun);
      step = deletionStep(definition, live, settings, scope.services.environment.now());
      if (step.type === 'mark') return { type: 'put', object: view.toStorage(step.object) };
      if (step.type === 'wait') return { type: 'keep' };
      return { type: 'delete', reservation: await reserve(scope, undefined, live, settings.dryRun) };
    },
    options,
  );
  const object = view.of(first.object);
  const taken = step as DeletionStep;
  const asStatus = definition.returnsDeletedObject !== true;
  if (taken.type === 'mark' && taken.thenRemove) {
    const last = settings.dryRun ? undefined : await finish(scope, key, object);
    return { object: last ?? object, deleted: true, asStatus };
  }
  return { object, deleted: first.deleted, asStatus: asStatus && taken.type !== 'mark' };
}

/** Removes what was marked, and answers its last state; undefined when somebody else has done so. */
async function finish(scope: WriteScope, key: string, marked: StoredObject): Promise<StoredObject | undefined> {
  const { storage, view, definition } = scope.resource;
  const uid = marked.object.metadata.uid;
  try {
    const removed = await storage.change(
      key,
      async (current): Promise<Change> => {
        if (current === undefined) throw notFound(definition.type, scope.info.name);
        const live = view.of(current).object;
        if (live.metadata.uid !== uid || (live.metadata.finalizers ?? []).length > 0) return { type: 'keep' };
        return { type: 'delete', reservation: await reserve(scope, undefined, live, false) };
      },
      { dryRun: false, request: scope },
    );
    return view.of(removed.object);
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function admitDelete(scope: WriteScope, live: KubeObject, dryRun: boolean): Promise<void> {
  const attributes = admissionAttributes(scope, 'DELETE', dryRun, undefined, live);
  await admit(scope, attributes);
  await validateAdmission(scope, attributes);
}

function checkPreconditions(scope: WriteScope, live: KubeObject, settings: DeleteSettings): void {
  const { type } = scope.resource.definition;
  const { uid, resourceVersion } = settings.preconditions ?? {};
  const name = live.metadata.name ?? '';
  if (uid !== undefined && uid !== live.metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${live.metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict({ group: type.group, resource: type.kind }, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${live.metadata.resourceVersion}). The object might have been modified`;
    throw conflict({ group: type.group, resource: type.kind }, name, why);
  }
}

/** Decides what a delete does to this object now. Pure. */
export function deletionStep(
  definition: ResourceDefinition,
  live: KubeObject,
  settings: DeleteSettings,
  nowMs: number,
): DeletionStep {
  if (definition.deletion !== undefined) {
    if (!isDeleting(live)) return beginStage(definition, live, settings, nowMs);
    if (definition.deletion.pending(live)) return { type: 'wait' };
  }
  const grace = gracePeriod(definition, live, settings);
  if (grace === 'pending') return { type: 'wait' };
  const object = draft(live);
  setFinalizers(object, collectionFinalizers(definition, live, settings));
  const held = (object.metadata.finalizers ?? []).length > 0;
  if (grace === 'none') {
    if (!held) return { type: 'remove' };
    markDeleting(object, nowMs, 0);
    return { type: 'mark', object, thenRemove: false };
  }
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = live.metadata;
  if (deletionTimestamp !== undefined && deletionTimestamp !== null) {
    const dueMs = Date.parse(deletionTimestamp) + (grace - deletionGracePeriodSeconds) * 1000;
    object.metadata.deletionTimestamp = formatTime(dueMs);
    object.metadata.deletionGracePeriodSeconds = grace;
  } else markDeleting(object, nowMs + grace * 1000, grace);
  return { type: 'mark', object, thenRemove: !held && grace === 0 };
}

/** The first of two stages: a namespace begins to terminate. */
function beginStage(
  definition: ResourceDefinition,
  live: KubeObject,
  settings: DeleteSettings,
  nowMs: number,
): DeletionStep {
  const object = draft(live);
  object.metadata.deletionTimestamp = formatTime(nowMs);
  definition.deletion?.begin(object);
  setFinalizers(object, collectionFinalizers(definition, live, settings));
  return { type: 'mark', object, thenRemove: false };
}

/**
 * How many seconds the object has left: `none` for kinds that know no grace and objects that have used it up, `pending` when a
 * deletion under way is not made shorter by this request.
 */
function gracePeriod(
  definition: ResourceDefinition,
  live: KubeObject,
  settings: DeleteSettings,
): number | 'none' | 'pending' {
  if (definition.gracePeriodSeconds === undefined) return 'none';
  if (!isDeleting(live)) return definition.gracePeriodSeconds(live, settings.gracePeriodSeconds);
  const { deletionGracePeriodSeconds } = live.metadata;
  if (deletionGracePeriodSeconds === undefined) return 'none';
  const { gracePeriodSeconds } = settings;
  if (gracePeriodSeconds === undefined || gracePeriodSeconds >= deletionGracePeriodSeconds) return 'pending';
  return gracePeriodSeconds;
}

/** The finalizers that the garbage collector acts on, as the request, the object or the kind wants them. */
function collectionFinalizers(
  definition: ResourceDefinition,
  live: KubeObject,
  settings: DeleteSettings,
): readonly string[] {
  const current = live.metadata.finalizers ?? [];
  if (definition.storage?.timeToLiveSeconds !== undefined) return current;
  const policy = propagation(definition, current, settings);
  const others = current.filter((finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer);
  const wanted = policy === 'Orphan' ? orphanFinalizer : policy === 'Foreground' ? foregroundFinalizer : undefined;
  if (wanted === undefined) return others;
  return current.includes(wanted) && others.length === current.length - 1 ? current : [...others, wanted];
}

function propagation(
  definition: ResourceDefinition,
  finalizers: readonly string[],
  settings: DeleteSettings,
): 'Orphan' | 'Foreground' | 'Background' {
  if (settings.orphanDependents !== undefined) return settings.orphanDependents ? 'Orphan' : 'Background';
  if (settings.propagationPolicy !== undefined) return settings.propagationPolicy;
  const set = finalizers.find((finalizer) => finalizer === orphanFinalizer || finalizer === foregroundFinalizer);
  if (set !== undefined) return set === orphanFinalizer ? 'Orphan' : 'Foreground';
  return definition.defaultPropagation;
}

function setFinalizers(object: Draft<KubeObject>, finalizers: readonly string[]): void {
  if (finalizers.length === 0) delete object.metadata.finalizers;
  else object.metadata.finalizers = [...finalizers];
}

/** The first mark counts as a change of desired state where the kind has a generation. */
function markDeleting(object: Draft<KubeObject>, dueMs: number, graceSeconds: number): void {
  const { metadata } = object;
  if (!isDeleting(object as KubeObject)) {
    if ((metadata.generation ?? 0) > 0) metadata.generation = (metadata.generation ?? 0) + 1;
    metadata.deletionTimestamp = formatTime(dueMs);
  } else if (Date.parse(metadata.deletionTimestamp ?? '') > dueMs) metadata.deletionTimestamp = formatTime(dueMs);
  metadata.deletionGracePeriodSeconds = graceSeconds;
}

function isDeleting(object: KubeObject): boolean {
  return (object.metadata.deletionTimestamp ?? null) !== null;
}
