import type { KubeObject } from '../../../machinery/object.ts';
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../../schema/core-v1.generated.ts';
import type { QuotaEvaluator } from './quota-evaluator.ts';

/** Whether the object is one that the quota is about, as far as its scopes go. */
export function inScopes({ spec }: ResourceQuota, evaluator: QuotaEvaluator, object: KubeObject): boolean {
  const plain: readonly ScopedResourceSelectorRequirement[] = (spec?.scopes ?? []).map((scopeName) => ({
    scopeName,
    operator: 'Exists',
  }));
  const requirements = [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
  return requirements.every((requirement) => evaluator.matchesScope(requirement, object));
}
