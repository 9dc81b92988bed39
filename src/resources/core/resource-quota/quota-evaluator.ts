import type { KubeObject } from '../../../machinery/object.ts';
import type { ScopedResourceSelectorRequirement } from '../../schema/core-v1.generated.ts';
import type { Amounts } from './amounts.ts';

/** What an evaluator needs to know of a write. */
export interface QuotaWrite {
  readonly operation: 'CREATE' | 'UPDATE';
  readonly subresource: string;
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
}

/** How much of what quotas limit the objects of one resource use. Pure. */
export interface QuotaEvaluator {
  /** Whether the write may change how much is used. */
  handles(write: QuotaWrite): boolean;
  /** Whether this is among the names that quotas have for the resource. */
  tracks(name: string): boolean;
  matchesScope(scope: ScopedResourceSelectorRequirement, object: KubeObject): boolean;
  /** What an object lacks that must be said once these names are limited; undefined: nothing. */
  lacks?(object: KubeObject, names: readonly string[]): string | undefined;
  /** `now`: milliseconds since 1970. */
  usage(object: KubeObject, now: number): Amounts;
}

/** Whether a requirement of a scope holds for something that has one of these values, or none. */
export function matchesValues(scope: ScopedResourceSelectorRequirement, values: readonly string[]): boolean {
  const { operator, values: wanted = [] } = scope;
  switch (operator) {
    case 'Exists':
      return values.length > 0;
    case 'DoesNotExist':
      return values.length === 0;
    case 'In':
      return values.some((value) => wanted.includes(value));
    case 'NotIn':
      return values.length === 0 || values.some((value) => !wanted.includes(value));
    default:
      return false;
  }
}
