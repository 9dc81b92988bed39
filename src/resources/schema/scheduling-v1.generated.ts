// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface PriorityClass {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly value?: number | undefined;
  readonly globalDefault?: boolean | undefined;
  readonly description?: string | undefined;
  readonly preemptionPolicy?: string | undefined;
}

export type PriorityClassDraft = Draft<PriorityClass>;
