import type { Client } from '../../client/client.ts';
import type { LabelSelector } from '../../machinery/label-selector.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { conflict } from '../../machinery/status-errors.ts';
import { claims } from './claims.ts';
import { objectKey } from './object-keys.ts';
import { controllerReference } from './owner-references.ts';

export interface ClaimRequest<O extends KubeObject, T extends KubeObject> {
  readonly client: Client;
  readonly ownerType: ResourceType<O>;
  readonly owner: O;
  readonly selector: LabelSelector;
  readonly type: ResourceType<T>;
  /** Those of the owner and those of nobody, from the caches. */
  readonly objects: Iterable<T>;
  /** What is adopted gets it, and what is released loses it. */
  readonly finalizer?: string | undefined;
  readonly signal: AbortSignal;
}

/** Adopts and releases as the selector asks, and answers what the owner has then. */
export async function claimObjects<O extends KubeObject, T extends KubeObject>(
  request: ClaimRequest<O, T>,
): Promise<readonly T[]> {
  const { owned, adopt, release } = claims(request.owner, request.selector, request.objects);
  for (const object of release) await releaseObject(request, object);
  if (adopt.length === 0) return owned;
  await checkOwnerStays(request);
  const adopted: T[] = [];
  for (const object of adopt) {
    if (await adoptObject(request, object)) adopted.push(object);
  }
  return [...owned, ...adopted];
}

/** The caches may not know yet that the owner is being deleted or is another one of the same name. */
async function checkOwnerStays<O extends KubeObject, T extends KubeObject>(request: ClaimRequest<O, T>): Promise<void> {
  const { client, ownerType, owner, signal } = request;
  const fresh = await client.get(ownerType, objectKey(owner), { signal });
  const name = owner.metadata.name ?? '';
  if (fresh.metadata.uid !== owner.metadata.uid)
    throw conflict(
      ownerType,
      name,
      `the object was replaced: its uid is ${fresh.metadata.uid}, not ${owner.metadata.uid}`,
    );
  if (fresh.metadata.deletionTimestamp !== undefined)
    throw conflict(ownerType, name, `it has just been deleted at ${fresh.metadata.deletionTimestamp}`);
}

/** False when the object is gone or has become another. */
async function adoptObject<O extends KubeObject, T extends KubeObject>(
  request: ClaimRequest<O, T>,
  object: T,
): Promise<boolean> {
  const { client, type, ownerType, owner, finalizer, signal } = request;
  const ownerReferences = [controllerReference(ownerType, owner)];
  const finalizers = finalizer === undefined ? undefined : [finalizer];
  const body = { metadata: { uid: object.metadata.uid, ownerReferences, finalizers } };
  try {
    await client.patch(type, objectKey(object), { type: 'strategic', body }, { signal });
    return true;
  } catch (error) {
    if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return false;
    throw error;
  }
}

async function releaseObject<O extends KubeObject, T extends KubeObject>(
  request: ClaimRequest<O, T>,
  object: T,
): Promise<void> {
  const { client, type, owner, finalizer, signal } = request;
  const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }];
  const without = finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] };
  const body = { metadata: { uid: object.metadata.uid, ownerReferences, ...without } };
  try {
    await client.patch(type, objectKey(object), { type: 'strategic', body }, { signal });
  } catch (error) {
    // Invalid: the object has no owner left in it, someone else was faster. Conflict: it is another object by now.
    const settled = isReason(error, 'NotFound') || isReason(error, 'Invalid') || isReason(error, 'Conflict');
    if (!settled) throw error;
  }
}
