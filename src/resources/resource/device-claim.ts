import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported, required, tooLong } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { dnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
} from '../schema/resource-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import type { Found } from '../validation/found.ts';
import { validateDeviceConfiguration } from './device-configuration.ts';
import {
  type RequestNames,
  validateFullDeviceName,
  validateLabelLikeName,
  validateRequestReference,
} from './device-names.ts';
import { validateDeviceToleration } from './device-taints.ts';
import { validateList, validateSet } from './lists.ts';

/** How much of everything a claim may have. */
export const mostRequests = 32;
const mostSelectors = 32;
const mostAlternatives = 8;
const longestExpression = 10 * 1024;
const oneOfTwo = 'exactly one of `exactly` or `firstAvailable` is required';
const modes = ['All', 'ExactCount'];

type Amount = Draft<ExactDeviceRequest> | Draft<DeviceSubRequest>;

/** One device where nothing else is said. Attributes worked out by expressions belong to a feature that is not on by default. */
export function setDeviceClaimDefaults({ requests }: Draft<DeviceClaim>): void {
  for (const { exactly, firstAvailable } of requests ?? [])
    for (const amount of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])]) setAmount(amount);
}

function setAmount(amount: Amount): void {
  amount.allocationMode ||= 'ExactCount';
  if (amount.allocationMode === 'ExactCount') amount.count ||= 1;
  for (const toleration of amount.tolerations ?? []) toleration.operator ||= 'Equal';
  delete amount.derivedAttributes;
}

export function requestNamesOf({ requests }: DeviceClaim): RequestNames {
  return new Map(
    (requests ?? []).map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((each) => each.name))]),
  );
}

export function validateDeviceClaim(claim: DeviceClaim, path: string, found: Found): void {
  const known = requestNamesOf(claim);
  const name = ({ name }: DeviceRequest) => name;
  validateSet(claim.requests, mostRequests, `${path}.requests`, found, name, (request, at) =>
    validateRequest(request, at, found),
  );
  validateList(claim.constraints, mostRequests, `${path}.constraints`, found, (constraint, at) =>
    validateConstraint(constraint, at, found, known),
  );
  validateList(claim.config, mostRequests, `${path}.config`, found, (config, at) => {
    validateRequestReferences(config.requests, `${at}.requests`, found, known);
    validateDeviceConfiguration(config, at, found);
  });
}

export function validateRequestReferences(
  names: readonly string[] | undefined,
  path: string,
  found: Found,
  known: RequestNames,
): void {
  const itself = (name: string) => name;
  validateSet(names, mostRequests, path, found, itself, (name, at) => validateRequestReference(name, at, found, known));
}

function validateRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string, found: Found): void {
  validateLabelLikeName(name, `${path}.name`, found.now);
  if (exactly === undefined && firstAvailable.length === 0) found.now.push(required(path, oneOfTwo));
  else if (exactly !== undefined && firstAvailable.length > 0)
    found.now.push(invalid(path, null, `${oneOfTwo}, but multiple fields are set`));
  else if (exactly !== undefined) validateAmount(exactly, `${path}.exactly`, found, found.now);
  else {
    const nameOf = ({ name }: DeviceSubRequest) => name;
    validateSet(firstAvailable, mostAlternatives, `${path}.firstAvailable`, found, nameOf, (each, at) => {
      validateLabelLikeName(each.name, `${at}.name`, found.now);
      validateAmount(each, at, found, found.later);
    });
  }
}

/** `ofClass`: where what is wrong with the name of the class goes, of which the rule is declared for alternatives alone. */
function validateAmount(
  amount: ExactDeviceRequest | DeviceSubRequest,
  path: string,
  found: Found,
  ofClass: FieldError[],
): void {
  const { deviceClassName, selectors, allocationMode, count = 0, tolerations = [] } = amount;
  if (!deviceClassName) ofClass.push(required(`${path}.deviceClassName`));
  else applyRule(dnsSubdomain, deviceClassName, `${path}.deviceClassName`, ofClass);
  validateSelectors(selectors, `${path}.selectors`, found);
  if (allocationMode === 'All') {
    if (count !== 0)
      found.now.push(invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) found.now.push(invalid(`${path}.count`, count, 'must be greater than zero'));
  } else found.later.push(notSupported(`${path}.allocationMode`, allocationMode, modes));
  for (const [index, toleration] of tolerations.entries())
    validateDeviceToleration(toleration, `${path}.tolerations[${index}]`, found);
}

/** Which devices: by expressions, whose syntax only whoever evaluates them knows. */
export function validateSelectors(selectors: readonly DeviceSelector[] | undefined, path: string, found: Found): void {
  validateList(selectors, mostSelectors, path, found, ({ cel }, at) => {
    if (cel === undefined) found.now.push(required(`${at}.cel`));
    else if (byteLength(cel.expression) > longestExpression)
      found.now.push(tooLong(`${at}.cel.expression`, longestExpression));
    else if (cel.expression === '') found.now.push(required(`${at}.cel.expression`));
  });
}

function validateConstraint(constraint: DeviceConstraint, path: string, found: Found, known: RequestNames) {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  validateRequestReferences(requests, `${path}.requests`, found, known);
  if (matchAttribute !== undefined) validateFullDeviceName(matchAttribute, `${path}.matchAttribute`, found);
  else if (distinctAttribute !== undefined)
    validateFullDeviceName(distinctAttribute, `${path}.distinctAttribute`, found);
  else
    found.now.push(
      required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'),
    );
}
