import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isOwnCondition } from '../pod-status/pod-conditions.ts';

/** What of a pod's object its worker has to act on. */
export function newsOf({ metadata, status }: Pod): readonly unknown[] {
  const { generation, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const foreign = (status?.conditions ?? []).filter(({ type }) => !isOwnCondition(type));
  return [generation, deletionTimestamp, deletionGracePeriodSeconds, labelsOf({ metadata }), foreign];
}

/** What downward API volumes may have of it. */
export function labelsOf({ metadata }: Pick<Pod, 'metadata'>): readonly unknown[] {
  return [metadata.labels, metadata.annotations];
}
