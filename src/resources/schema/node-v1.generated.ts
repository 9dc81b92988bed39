// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as coreV1 from './core-v1.generated.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface Overhead {
  readonly podFixed?: { readonly [key: string]: string | number } | undefined;
}

export interface RuntimeClass {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly handler: string;
  readonly overhead?: Overhead | undefined;
  readonly scheduling?: Scheduling | undefined;
}

export interface Scheduling {
  readonly nodeSelector?: { readonly [key: string]: string } | undefined;
  readonly tolerations?: readonly coreV1.Toleration[] | undefined;
}

export type RuntimeClassDraft = Draft<RuntimeClass>;
