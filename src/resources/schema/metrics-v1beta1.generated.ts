// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface ContainerMetrics {
  readonly name: string;
  readonly usage: { readonly [key: string]: string | number };
}

export interface NodeMetrics {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly timestamp: string;
  readonly window: string;
  readonly usage: { readonly [key: string]: string | number };
}

export interface PodMetrics {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly timestamp: string;
  readonly window: string;
  readonly containers: readonly ContainerMetrics[];
}

export type NodeMetricsDraft = Draft<NodeMetrics>;
export type PodMetricsDraft = Draft<PodMetrics>;
