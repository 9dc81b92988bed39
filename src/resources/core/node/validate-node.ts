import type { FieldError } from '../../../machinery/field-error.ts';
import { duplicate, forbidden, internalFieldError, invalid } from '../../../machinery/field-errors.ts';
import { labelValueRule, qualifiedName } from '../../../machinery/names.ts';
import { equal } from '../../equal.ts';
import type { Node, NodeSpec, NodeStatus, Taint } from '../../schema/core-v1.generated.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { goValue } from '../../validation/go-value.ts';
import { parseCidr, validateCidr } from '../../validation/ip-address.ts';
import { jsonSyntaxError } from '../../validation/json-syntax.ts';
import { validateResourceAmount } from '../../validation/quantity-rules.ts';
import { validateTaintEffect } from '../pod/validation/tolerations.ts';

const avoidPods = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
const maxRanges = 2;

/** The rules for a node, whoever writes it. */
export function validateNode(node: Node, errors: FieldError[]): void {
  validateAvoidPods(node.metadata.annotations?.[avoidPods], errors);
  // Kubernetes says metadata, where it means the spec.
  validateTaints(node.spec?.taints ?? [], 'metadata.taints', errors);
  validateResources(node.status ?? {}, errors);
  validateRanges(node.spec?.podCIDRs ?? [], 'spec.podCIDRs', errors);
}

/** What an update may change beside metadata: whether pods are taken, taints, and once the range for pods and the provider. */
export function validateNodeUpdate(node: Node, old: Node, errors: FieldError[]): void {
  validateNode(node, errors);
  validateChanges(node, old, errors);
}

/** The rules for what kubelets and controllers write to the status. */
export function validateNodeStatus(node: Node, old: Node, errors: FieldError[]): void {
  validateResources(node.status ?? {}, errors);
  validateFeatures(node.status ?? {}, errors);
  validateChanges(node, old, errors);
}

function validateChanges({ spec = {}, status = {} }: Node, { spec: old = {} }: Node, errors: FieldError[]): void {
  validateAddresses(status, errors);
  if ((old.podCIDRs ?? []).length > 0 && !equal(spec.podCIDRs, old.podCIDRs))
    errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  validateProvider(spec, old, errors);
  if ((spec.externalID ?? '') !== (old.externalID ?? ''))
    errors.push(forbidden('spec.externalID', 'may not be updated'));
}

function validateProvider({ providerID }: NodeSpec, { providerID: old }: NodeSpec, errors: FieldError[]): void {
  if (!old || providerID === old) return;
  const what = providerID ? 'modified' : 'cleared';
  errors.push(invalid('spec.providerID', null, `field cannot be ${what} once set`));
}

function validateAvoidPods(annotation: string | undefined, errors: FieldError[]): void {
  if (!annotation) return;
  const problem = jsonSyntaxError(annotation);
  if (problem !== undefined) errors.push(invalid('metadata.annotations.AvoidPods', avoidPods, problem));
}

function validateTaints(taints: readonly Taint[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, taint] of taints.entries()) {
    const place = `${path}[${index}]`;
    applyRule(qualifiedName, taint.key, `${place}.key`, errors);
    const problems = labelValueRule(taint.value ?? '');
    if (problems.length > 0) errors.push(invalid(`${place}.value`, taint.value, problems.join(';')));
    validateTaintEffect(taint.effect, `${place}.effect`, errors);
    const key = `${taint.key}:${taint.effect}`;
    if (seen.has(key)) {
      const shown = goValue(taint, 'core.v1.Taint');
      errors.push({ ...duplicate(place, shown), detail: 'taints must be unique by key and effect pair' });
    }
    seen.add(key);
  }
}

function validateResources({ capacity, allocatable }: NodeStatus, errors: FieldError[]): void {
  for (const name in capacity) validateResourceAmount(name, capacity[name] ?? 0, `status.capacity.${name}`, errors);
  for (const name in allocatable)
    validateResourceAmount(name, allocatable[name] ?? 0, `status.allocatable.${name}`, errors);
}

/** One range of addresses for pods, or one of each family. */
function validateRanges(ranges: readonly string[], path: string, errors: FieldError[]): void {
  for (const [index, range] of ranges.entries()) validateCidr(range, `${path}[${index}]`, errors);
  if (ranges.length < 2) return;
  const families = new Set<number>();
  for (const [index, range] of ranges.entries()) {
    const family = parseCidr(range)?.address.family;
    if (family === undefined) {
      const why = `invalid CIDR[${index}]: <nil> (invalid CIDR address: ${range})`;
      errors.push(internalFieldError(path, `invalid PodCIDRs. failed to check with dual stack with error:${why}`));
      families.clear();
      break;
    }
    families.add(family);
  }
  if (families.size !== maxRanges || ranges.length > maxRanges)
    errors.push(invalid(path, ranges, 'may specify no more than one CIDR for each IP family'));
}

function validateAddresses({ addresses = [] }: NodeStatus, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const [index, address] of addresses.entries()) {
    const key = `${address.type}/${address.address}`;
    if (seen.has(key)) errors.push(duplicate(`status.addresses[${index}]`, goValue(address, 'core.v1.NodeAddress')));
    seen.add(key);
  }
}

const featureName = /^[A-Z][A-Za-z0-9]*(?:\/[A-Za-z0-9]+)*$/;

/** Features that the node says it has, in order (KEP-5328). */
function validateFeatures({ declaredFeatures = [] }: NodeStatus, errors: FieldError[]): void {
  for (const [index, name] of declaredFeatures.entries()) {
    const path = `status.declaredFeatures[${index}]`;
    if (index > 0 && name < (declaredFeatures[index - 1] ?? ''))
      errors.push(invalid(path, name, 'list must be sorted alphabetically'));
    if (featureName.test(name)) continue;
    const detail = `invalid feature name "${name}": must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`;
    errors.push(invalid(path, name, detail));
  }
}
