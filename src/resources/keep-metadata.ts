import type { Draft, KubeObject } from '../machinery/object.ts';
import { shared } from './shared.ts';

const fields = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp'] as const;

/** Labels and their like stay as they were: the view at hand is not for them. */
export function keepMetadata({ metadata }: Draft<KubeObject>, { metadata: old }: KubeObject): void {
  for (const field of fields)
    if (old[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: shared(old[field]) });
}
