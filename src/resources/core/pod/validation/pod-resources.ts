import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../../../../machinery/names.ts';
import { compareQuantities, formatQuantity, parseQuantity } from '../../../../machinery/quantity.ts';
import type { PodResourceClaim, PodSpec, ResourceRequirements } from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { goValue } from '../../../validation/go-value.ts';
import { aggregateResources } from '../aggregate-resources.ts';
import { isPodLevelResource } from '../pod-resource-defaults.ts';
import { validateRequirements, validateResourceName } from './resources.ts';

const podLevelNames: ReadonlySet<string> = new Set(['cpu', 'hugepages-', 'memory']);

/** Requests and limits of the pod as a whole, which its containers have to fit into. */
export function validatePodResources(
  spec: PodSpec,
  claims: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const { resources } = spec;
  if (resources === undefined) return;
  if (spec.os?.name === 'windows') {
    errors.push(forbidden(path, 'may not be set for a windows pod'));
  }
  if ((resources.claims ?? []).length > 0)
    errors.push(forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level'));
  validateRequirements(resources, validateName, claims, path, errors);
  validateAgainstContainers(spec, resources, path, errors);
}

function validateName(name: string, path: string, errors: FieldError[]): void {
  const before = errors.length;
  validateResourceName(name, path, errors);
  if (errors.length === before && !isPodLevelResource(name)) errors.push(notSupported(path, name, podLevelNames));
}

function validateAgainstContainers(
  spec: PodSpec,
  resources: ResourceRequirements,
  path: string,
  errors: FieldError[],
): void {
  const together = aggregateResources(spec, 'requests');
  for (const name in resources.requests) {
    const needed = together.get(name);
    const request = parseQuantity(resources.requests[name] ?? 0);
    if (needed === undefined || compareQuantities(needed, request) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${formatQuantity(needed)}`;
    errors.push(invalid(`${path}.requests[${name}]`, formatQuantity(request), detail));
  }
  for (const [index, container] of spec.containers.entries())
    for (const name in container.resources?.limits) {
      const podLimit = resources.limits?.[name];
      const limit = parseQuantity(container.resources.limits[name] ?? 0);
      if (podLimit === undefined || compareQuantities(limit, parseQuantity(podLimit)) <= 0) continue;
      const detail = `must be less than or equal to pod limits of ${formatQuantity(parseQuantity(podLimit))}`;
      errors.push(invalid(`${path}.containers[${index}][${name}].limits`, formatQuantity(limit), detail));
    }
}

/** Checks the claims that a pod names for dynamic resource allocation, and answers their names for its containers. */
export function validateResourceClaims(
  claims: readonly PodResourceClaim[],
  path: string,
  errors: FieldError[],
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [index, claim] of claims.entries()) {
    const place = `${path}[${index}]`;
    if (!claim.name) errors.push(required(`${place}.name`));
    else {
      if (names.has(claim.name)) errors.push(duplicate(`${place}.name`, claim.name));
      else applyRule(dnsLabel, claim.name, `${place}.name`, errors);
      names.add(claim.name);
    }
    validateClaimSource(claim, place, errors);
  }
  return names;
}

function validateClaimSource(claim: PodResourceClaim, path: string, errors: FieldError[]): void {
  const { resourceClaimName, resourceClaimTemplateName } = claim;
  const refuse = (detail: string) => errors.push(invalid(path, goValue(claim, 'core.v1.PodResourceClaim'), detail));
  if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
    refuse('at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
  if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
    refuse('must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
  if (resourceClaimName !== undefined) applyRule(dnsSubdomain, resourceClaimName, `${path}.resourceClaimName`, errors);
  if (resourceClaimTemplateName !== undefined)
    applyRule(dnsSubdomain, resourceClaimTemplateName, `${path}.resourceClaimTemplateName`, errors);
}
