import type { Draft, KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { UserInfo } from '../request.ts';

/** One write, as admission sees it: after decoding and defaulting, before validation. */
export interface AdmissionAttributes {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** Of the request: `update`, or `patch`. */
  readonly verb: string;
  readonly type: ResourceType;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Absent for DELETE and CONNECT. Mutating plugins change it in place. */
  readonly object: Draft<KubeObject> | undefined;
  readonly old: KubeObject | undefined;
  warn(message: string): void;
}

/**
 * One link of the admission chain. `admit` may change the object and runs for every plugin before any `validate`. Both throw
 * `StatusError` to refuse. Delete collection calls the chain for every object.
 */
export interface AdmissionPlugin {
  readonly name: string;
  admit?(attributes: AdmissionAttributes): Promise<void> | void;
  validate?(attributes: AdmissionAttributes): Promise<void> | void;
}
