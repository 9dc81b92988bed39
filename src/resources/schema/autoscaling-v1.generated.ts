// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface CrossVersionObjectReference {
  readonly kind: string;
  readonly name: string;
  readonly apiVersion?: string | undefined;
}

export interface HorizontalPodAutoscaler {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec: HorizontalPodAutoscalerSpec;
  readonly status?: HorizontalPodAutoscalerStatus | undefined;
}

export interface HorizontalPodAutoscalerSpec {
  readonly scaleTargetRef: CrossVersionObjectReference;
  readonly minReplicas?: number | undefined;
  readonly maxReplicas: number;
  readonly targetCPUUtilizationPercentage?: number | undefined;
}

export interface HorizontalPodAutoscalerStatus {
  readonly observedGeneration?: number | undefined;
  readonly lastScaleTime?: string | undefined;
  readonly currentReplicas: number;
  readonly desiredReplicas: number;
  readonly currentCPUUtilizationPercentage?: number | undefined;
}

export interface Scale {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: ScaleSpec | undefined;
  readonly status?: ScaleStatus | undefined;
}

export interface ScaleSpec {
  readonly replicas?: number | undefined;
}

export interface ScaleStatus {
  readonly replicas: number;
  readonly selector?: string | undefined;
}

export type HorizontalPodAutoscalerDraft = Draft<HorizontalPodAutoscaler>;
export type ScaleDraft = Draft<Scale>;
