import type { Draft, KubeObject } from '../machinery/object.ts';
import type { StatusRules } from './define.ts';
import { shared } from './shared.ts';

const fields = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp'] as const;

/** Labels and their like stay as they were: the view at hand is not for them. */
export function keepMetadata({ metadata }: Draft<KubeObject>, { metadata: old }: KubeObject): void {
  for (const field of fields)
    if (old[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: shared(old[field]) });
}

/** The rules of a view that leaves labels and their like as they were, and so takes them from nobody. */
export function keepingMetadata<T extends KubeObject>(rules: StatusRules<T>): StatusRules<T> {
  return {
    ...rules,
    keeps: { 'f:metadata': {} },
    prepareForUpdate(object, old, context) {
      keepMetadata(object, old);
      rules.prepareForUpdate(object, old, context);
    },
  };
}
