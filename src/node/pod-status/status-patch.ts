import { findCondition } from '../../machinery/conditions.ts';
import { equal } from '../../resources/equal.ts';
import type { PodCondition, PodStatus } from '../../resources/schema/core-v1.generated.ts';
import { isOwnCondition } from './pod-conditions.ts';

/** Fields that others write; they are never touched here. */
const foreignFields: ReadonlySet<string> = new Set([
  'nominatedNodeName',
  'resourceClaimStatuses',
  'extendedResourceClaimStatus',
  'nodeAllocatableResourceClaimStatuses',
  'volumeHealth',
  'resize',
]);

/**
 * The strategic merge patch that turns the status `current` into `wanted`; undefined when there is nothing to change. Conditions are
 * merged by type, so that what others write at the same time is kept.
 */
export function statusPatch(current: PodStatus, wanted: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  const before = current as Readonly<Record<string, unknown>>;
  const after = wanted as Readonly<Record<string, unknown>>;
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (foreignFields.has(field) || field === 'conditions' || equal(before[field], after[field])) continue;
    // Lists that merge by address would keep the old ones.
    const replaced = field === 'podIPs' || field === 'hostIPs';
    const value = after[field];
    patch[field] = replaced && Array.isArray(value) ? [...value, { $patch: 'replace' }] : (value ?? null);
  }
  const conditions = (wanted.conditions ?? []).flatMap((condition) => {
    const known = findCondition(current.conditions, condition.type);
    return isWritten(condition) && !equal(condition, known) ? [{ ...withoutOld(known, condition), ...condition }] : [];
  });
  const gone = (current.conditions ?? [])
    .filter(({ type }) => isOwnCondition(type) && findCondition(wanted.conditions, type) === undefined)
    .map(({ type }) => ({ $patch: 'delete', type }));
  if (conditions.length + gone.length > 0) patch['conditions'] = [...conditions, ...gone];
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Shared conditions are written here too, once this agent has set them. */
function isWritten({ type }: PodCondition): boolean {
  return isOwnCondition(type) || type === 'DisruptionTarget';
}

/** A merge keeps what is not spoken of, so what the old condition had and the new one has not is set to null. */
function withoutOld(old: PodCondition | undefined, condition: PodCondition): Readonly<Record<string, null>> {
  const gone = Object.keys(old ?? {}).filter((field) => !(field in condition));
  return Object.fromEntries(gone.map((field) => [field, null]));
}
