import type { FieldError } from '../../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notFoundValue, required } from '../../../../machinery/field-errors.ts';
import { dnsLabel, qualifiedName } from '../../../../machinery/names.ts';
import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../../../machinery/quantity.ts';
import type { ResourceClaim, ResourceRequirements } from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { isWhole, validateResourceAmount } from '../../../validation/quantity-rules.ts';
import {
  isContainerResource,
  isExtendedResource,
  isHugePages,
  isNativeResource,
  isOvercommitAllowed,
  isStandardResource,
} from '../../../validation/resource-names.ts';

/** Appends what is wrong with the name of a resource in a list of them. */
export type ResourceNameRule = (name: string, path: string, errors: FieldError[]) => void;

/** Requests and limits of one container. `claims`: the resource claims that its pod has. */
export function validateContainerResources(
  resources: ResourceRequirements,
  claims: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  validateRequirements(resources, validateContainerResourceName, claims, path, errors);
}

export function validateRequirements(
  resources: ResourceRequirements,
  validateName: ResourceNameRule,
  claims: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const { limits, requests } = resources;
  for (const name in limits) validateEntry(name, limits[name] ?? 0, validateName, `${path}.limits[${name}]`, errors);
  for (const name in requests) {
    const request = validateEntry(name, requests[name] ?? 0, validateName, `${path}.requests[${name}]`, errors);
    validateRequest(name, request, limits?.[name], path, errors);
  }
  if (hugePagesAlone(resources)) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  if (resources.claims !== undefined) validateClaims(resources.claims, claims, `${path}.claims`, errors);
}

function validateEntry(
  name: string,
  text: string | number,
  validateName: ResourceNameRule,
  path: string,
  errors: FieldError[],
): Quantity {
  validateName(name, path, errors);
  const amount = validateResourceAmount(name, text, path, errors);
  if (isHugePages(name)) validateHugePages(name, amount, path, errors);
  return amount;
}

function validateHugePages(name: string, amount: Quantity, path: string, errors: FieldError[]): void {
  let pageSize: Quantity | undefined;
  try {
    pageSize = parseQuantity(name.slice('hugepages-'.length));
  } catch {
    pageSize = undefined;
  }
  const fits =
    pageSize !== undefined &&
    pageSize.unscaled > 0n &&
    isWhole(amount) &&
    isWhole(pageSize) &&
    wholeValue(amount) % wholeValue(pageSize) === 0n;
  if (fits) return;
  const shown = formatQuantity(amount);
  errors.push(invalid(path, shown, `${shown} is not positive integer multiple of ${name}`));
}

function wholeValue({ unscaled, scale }: Quantity): bigint {
  return scale >= 0 ? unscaled * 10n ** BigInt(scale) : unscaled / 10n ** BigInt(-scale);
}

/** What a container may ask for. */
export function validateContainerResourceName(name: string, path: string, errors: FieldError[]): void {
  if (isContainerResource(name)) return;
  validateResourceName(name, path, errors);
  if (!name.includes('/')) errors.push(invalid(path, name, 'must be a standard resource for containers'));
  else if (!isNativeResource(name) && !isExtendedResource(name))
    errors.push(invalid(path, name, "doesn't follow extended resource name standard"));
}

/** A qualified name; without a domain it has to be one of Kubernetes' own. */
export function validateResourceName(name: string, path: string, errors: FieldError[]): void {
  const before = errors.length;
  applyRule(qualifiedName, name, path, errors);
  if (errors.length === before && !name.includes('/') && !isStandardResource(name))
    errors.push(invalid(path, name, 'must be a standard resource type or fully qualified'));
}

function validateRequest(
  name: string,
  request: Quantity,
  limitText: string | number | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (limitText === undefined) {
    if (!isOvercommitAllowed(name))
      errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    return;
  }
  const limit = parseQuantity(limitText);
  const order = compareQuantities(request, limit);
  const shown = `${name} limit of ${formatQuantity(limit)}`;
  if (order !== 0 && !isOvercommitAllowed(name))
    errors.push(invalid(`${path}.requests`, formatQuantity(request), `must be equal to ${shown}`));
  else if (order > 0)
    errors.push(invalid(`${path}.requests`, formatQuantity(request), `must be less than or equal to ${shown}`));
}

function hugePagesAlone({ limits, requests }: ResourceRequirements): boolean {
  let hugePages = false;
  for (const list of [limits, requests])
    for (const name in list) {
      if (name === 'cpu' || name === 'memory') return false;
      if (isHugePages(name)) hugePages = true;
    }
  return hugePages;
}

function validateClaims(
  claims: readonly ResourceClaim[],
  known: ReadonlySet<string>,
  path: string,
  errors: FieldError[],
): void {
  const seen = new Set<string>();
  for (const [index, { name, request = '' }] of claims.entries()) {
    const place = `${path}[${index}]`;
    if (!name) {
      errors.push(required(place));
      continue;
    }
    const key = request === '' ? name : `${name}/${request}`;
    if (request !== '' && !seen.has(name)) applyRule(dnsLabel, request, `${place}.request`, errors);
    if (seen.has(name) || seen.has(key)) errors.push(duplicate(place, seen.has(name) ? name : key));
    seen.add(key);
    if (known.has(name)) continue;
    const list = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
    errors.push({
      ...notFoundValue(place, name),
      detail: `must be one of the names in pod.spec.resourceClaims${list}`,
    });
  }
}
