import type { DeleteOptions } from '../../client/client.ts';
import type { KubeObject, OwnerReference } from '../../machinery/object.ts';
import { foregroundFinalizer, orphanFinalizer } from './owner-graph.ts';

/** What was found out of each owner that an object names. */
export type OwnerState =
  /** It exists and stays. */
  | 'solid'
  /** It is being deleted and waits for its dependents. */
  | 'waiting'
  /** It does not exist. */
  | 'absent';

export interface JudgedOwner {
  readonly reference: OwnerReference;
  readonly state: OwnerState;
}

export type Fate =
  | { readonly action: 'keep' }
  /** Some owners are gone, others stay: the object forgets those that are gone. */
  | { readonly action: 'forgetOwners'; readonly uids: readonly string[] }
  | {
      readonly action: 'delete';
      readonly policy: NonNullable<DeleteOptions['propagationPolicy']>;
      /** First stop blocking the owners: the object and a dependent of it wait for each other. */
      readonly unblock: boolean;
    };

/** What becomes of an object, from what its owners are. `dependentWaits`: a dependent of it is itself waiting for its dependents. */
export function decideFate(
  object: KubeObject,
  owners: readonly JudgedOwner[],
  hasDependents: boolean,
  dependentWaits: boolean,
): Fate {
  if (owners.length === 0) return { action: 'keep' };
  const leaving = owners.filter(({ state }) => state !== 'solid');
  if (leaving.length < owners.length) {
    const uids = leaving.map(({ reference }) => reference.uid);
    return uids.length === 0 ? { action: 'keep' } : { action: 'forgetOwners', uids };
  }
  const waiting = owners.some(({ state }) => state === 'waiting');
  // An owner that waits is to see its dependents go after theirs.
  if (waiting && hasDependents) return { action: 'delete', policy: 'Foreground', unblock: dependentWaits };
  return { action: 'delete', policy: requestedPolicy(object), unblock: false };
}

/** A policy that someone has asked for by a finalizer stays. */
function requestedPolicy({ metadata }: KubeObject): NonNullable<DeleteOptions['propagationPolicy']> {
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}
