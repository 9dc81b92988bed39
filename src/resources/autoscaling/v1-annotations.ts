import type { Draft, ObjectMeta } from '../../machinery/object.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';

/** Where v1 shows what it has no fields for. */
export const v1Annotations = {
  metrics: `${prefix}metrics`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
} as const;

/** Nothing stands there any more, but nothing of users stays there either. */
const formerAnnotations = [`${prefix}scale-down-tolerance`, `${prefix}scale-up-tolerance`];

const reserved: readonly string[] = [...Object.values(v1Annotations), ...formerAnnotations];

/** In every other version these annotations mean nothing and are not kept. */
export function withoutV1Annotations(metadata: Draft<ObjectMeta>): void {
  const { annotations } = metadata;
  if (annotations === undefined) return;
  for (const key of reserved) delete annotations[key];
  if (Object.keys(annotations).length === 0) delete metadata.annotations;
}
