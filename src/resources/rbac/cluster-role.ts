import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../machinery/label-selector.ts';
import { pathSegmentName } from '../../machinery/names.ts';
import { define } from '../define.ts';
import type { AggregationRule, ClusterRole } from '../schema/rbac-v1.generated.ts';
import { clusterRoles } from '../schema/resource-types.generated.ts';
import { validatePolicyRules, validateVerbs } from './policy-rules.ts';

export const clusterRoleDefinition = define<ClusterRole>(clusterRoles, {
  storage: { keyPrefix: '/registry/clusterroles/' },
  validateName: pathSegmentName,
  validate({ rules, aggregationRule }, errors) {
    validatePolicyRules(rules ?? [], false, errors);
    if (aggregationRule !== undefined) validateAggregation(aggregationRule, errors);
    validateVerbs(rules ?? [], errors);
  },
  createOnUpdate: true,
  row: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''],
});

function validateAggregation({ clusterRoleSelectors = [] }: AggregationRule, errors: FieldError[]): void {
  const path = 'aggregationRule.clusterRoleSelectors';
  if (clusterRoleSelectors.length === 0)
    errors.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  clusterRoleSelectors.forEach((selector, index) => {
    const before = errors.length;
    errors.push(...validateLabelSelector(selector, `${path}[${index}]`));
    if (errors.length > before) errors.push(invalid(`${path}[${index}]`, undefined, 'invalid label selector.'));
  });
}
