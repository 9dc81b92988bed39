// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface Eviction {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly deleteOptions?: metaV1.DeleteOptions | undefined;
}

export interface PodDisruptionBudget {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: PodDisruptionBudgetSpec | undefined;
  readonly status?: PodDisruptionBudgetStatus | undefined;
}

export interface PodDisruptionBudgetSpec {
  readonly minAvailable?: string | number | undefined;
  readonly selector?: metaV1.LabelSelector | undefined;
  readonly maxUnavailable?: string | number | undefined;
  readonly unhealthyPodEvictionPolicy?: string | undefined;
}

export interface PodDisruptionBudgetStatus {
  readonly observedGeneration?: number | undefined;
  readonly disruptedPods?: { readonly [key: string]: string } | undefined;
  readonly disruptionsAllowed?: number | undefined;
  readonly currentHealthy?: number | undefined;
  readonly desiredHealthy?: number | undefined;
  readonly expectedPods?: number | undefined;
  readonly conditions?: readonly metaV1.Condition[] | undefined;
}

export type EvictionDraft = Draft<Eviction>;
export type PodDisruptionBudgetDraft = Draft<PodDisruptionBudget>;
