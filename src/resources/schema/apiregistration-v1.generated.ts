// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.
import type { Draft } from '../../machinery/object.ts';
import type * as metaV1 from './meta-v1.generated.ts';

export interface APIService {
  readonly kind?: string | undefined;
  readonly apiVersion?: string | undefined;
  readonly metadata: metaV1.ObjectMeta;
  readonly spec?: APIServiceSpec | undefined;
  readonly status?: APIServiceStatus | undefined;
}

export interface APIServiceCondition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface APIServiceSpec {
  readonly service?: ServiceReference | undefined;
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  readonly insecureSkipTLSVerify?: boolean | undefined;
  readonly caBundle?: string | undefined;
  readonly groupPriorityMinimum: number;
  readonly versionPriority: number;
}

export interface APIServiceStatus {
  readonly conditions?: readonly APIServiceCondition[] | undefined;
}

export interface ServiceReference {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly port?: number | undefined;
}

export type APIServiceDraft = Draft<APIService>;
