import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import type { PolicyRule } from '../schema/rbac-v1.generated.ts';

/** The rules of a Role (`namespaced`) or ClusterRole. */
export function validatePolicyRules(rules: readonly PolicyRule[], namespaced: boolean, errors: FieldError[]): void {
  rules.forEach((rule, index) => {
    validateRule(rule, namespaced, `rules[${index}]`, errors);
  });
}

/** Apart from the rest, because Kubernetes checks what is declared in the types after everything else. */
export function validateVerbs(rules: readonly PolicyRule[], errors: FieldError[]): void {
  rules.forEach((rule, index) => {
    if ((rule.verbs ?? []).length === 0) errors.push(required(`rules[${index}].verbs`));
  });
}

function validateRule(rule: PolicyRule, namespaced: boolean, path: string, errors: FieldError[]): void {
  const { nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  if (nonResourceURLs.length > 0) {
    const place = `${path}.nonResourceURLs`;
    if (namespaced) errors.push(invalid(place, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0)
      errors.push(
        invalid(place, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
      );
    return;
  }
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
}
