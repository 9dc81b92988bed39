import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid, required } from '../../../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../../../machinery/label-selector.ts';
import { dnsLabel, dnsSubdomain, labelValueRule, qualifiedName } from '../../../../machinery/names.ts';
import type {
  Affinity,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from '../../../schema/core-v1.generated.ts';
import type { LabelSelector } from '../../../schema/meta-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';

const weightRange = 'must be in the range 1-100';

export function validateAffinity(affinity: Affinity, path: string, errors: FieldError[]): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  if (nodeAffinity !== undefined) validateNodeAffinity(nodeAffinity, `${path}.nodeAffinity`, errors);
  if (podAffinity !== undefined) validatePodAffinity(podAffinity, `${path}.podAffinity`, errors);
  if (podAntiAffinity !== undefined) validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`, errors);
}

function validateNodeAffinity(affinity: NodeAffinity, path: string, errors: FieldError[]): void {
  const needed = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  if (needed !== undefined)
    validateNodeSelector(needed, `${path}.requiredDuringSchedulingIgnoredDuringExecution`, errors);
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { weight, preference }] of preferred.entries()) {
    const place = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    if (weight <= 0 || weight > 100) errors.push(invalid(`${place}.weight`, weight, weightRange));
    validateNodeSelectorTerm(preference ?? {}, `${place}.preference`, errors);
  }
}

/** Nodes by their labels and fields: in pods, persistent volumes and classes. */
export function validateNodeSelector(selector: NodeSelector, path: string, errors: FieldError[]): void {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0)
    errors.push(required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term'));
  for (const [index, term] of terms.entries())
    validateNodeSelectorTerm(term, `${path}.nodeSelectorTerms[${index}]`, errors);
}

function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string, errors: FieldError[]): void {
  for (const [index, requirement] of (term.matchExpressions ?? []).entries())
    validateLabelRequirement(requirement, `${path}.matchExpressions[${index}]`, errors);
  for (const [index, requirement] of (term.matchFields ?? []).entries())
    validateFieldRequirement(requirement, `${path}.matchFields[${index}]`, errors);
}

function validateLabelRequirement(requirement: NodeSelectorRequirement, path: string, errors: FieldError[]): void {
  const { key, operator, values = [] } = requirement;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        errors.push(required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  }
  applyRule(qualifiedName, key, `${path}.key`, errors);
  for (const [index, value] of values.entries()) applyRule(labelValueRule, value, `${path}.values[${index}]`, errors);
}

function validateFieldRequirement(requirement: NodeSelectorRequirement, path: string, errors: FieldError[]): void {
  const { key, operator, values = [] } = requirement;
  if (operator !== 'In' && operator !== 'NotIn')
    errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
  else if (values.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${path}.values`, detail));
  }
  if (key === 'metadata.name')
    for (const [index, value] of values.entries()) applyRule(dnsSubdomain, value, `${path}.values[${index}]`, errors);
  else errors.push(invalid(`${path}.key`, key, 'not a valid field selector key'));
}

/** Affinity and anti-affinity have the same shape and the same rules. */
function validatePodAffinity(affinity: PodAffinity, path: string, errors: FieldError[]): void {
  const needed = affinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, term] of needed.entries())
    validateTerm(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`, errors);
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const [index, { weight, podAffinityTerm }] of preferred.entries()) {
    const place = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    if (weight <= 0 || weight > 100) errors.push(invalid(`${place}.weight`, weight, weightRange));
    validateTerm(podAffinityTerm, `${place}.podAffinityTerm`, errors);
  }
}

function validateTerm(term: PodAffinityTerm, path: string, errors: FieldError[]): void {
  errors.push(...validateLabelSelector(term.labelSelector, `${path}.labelSelector`));
  errors.push(...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`));
  for (const name of term.namespaces ?? []) applyRule(dnsLabel, name, `${path}.namespace`, errors);
  validateKeys(term, path, errors);
  if (!term.topologyKey) errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  applyRule(qualifiedName, term.topologyKey ?? '', `${path}.topologyKey`, errors);
}

function validateKeys(term: PodAffinityTerm, path: string, errors: FieldError[]): void {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  validateLabelKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`, errors);
  validateLabelKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`, errors);
  for (const [index, key] of matchLabelKeys.entries())
    if (mismatchLabelKeys.includes(key)) {
      const detail = 'exists in both matchLabelKeys and mismatchLabelKeys';
      errors.push(invalid(`${path}.matchLabelKeys[${index}]`, key, detail));
    }
  validateSelectedKeys(matchLabelKeys, 'In', labelSelector, path, 'matchLabelKeys', errors);
  validateSelectedKeys(mismatchLabelKeys, 'NotIn', labelSelector, path, 'mismatchLabelKeys', errors);
}

/** Keys whose value comes from the pod itself; they add to a selector, and need one. */
export function validateLabelKeys(
  keys: readonly string[],
  selector: LabelSelector | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (keys.length === 0) return;
  if (selector === undefined) {
    errors.push(forbidden(path, 'must not be specified when labelSelector is not set'));
    return;
  }
  for (const [index, key] of keys.entries()) applyRule(qualifiedName, key, `${path}[${index}]`, errors);
}

/**
 * Keys whose value comes from the pod may not stand in the selector as well. What creating the pod wrote into the selector
 * for such a key looks like one requirement of the `operator` with one value.
 */
export function validateSelectedKeys(
  keys: readonly string[],
  operator: 'In' | 'NotIn',
  selector: LabelSelector | undefined,
  path: string,
  field: string,
  errors: FieldError[],
): void {
  if (selector === undefined) return;
  for (const [index, key] of keys.entries()) {
    const requirements = (selector.matchExpressions ?? []).filter((each) => each.key === key);
    const written = requirements.some((each) => each.operator === operator && each.values?.length === 1);
    if (written && (selector.matchLabels?.[key] !== undefined || requirements.length > 1))
      errors.push(invalid(`${path}[${index}]`, key, `exists in both ${field} and labelSelector`));
  }
}
