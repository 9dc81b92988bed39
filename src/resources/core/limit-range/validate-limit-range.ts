import type { FieldError } from '../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, required } from '../../../machinery/field-errors.ts';
import { qualifiedName } from '../../../machinery/names.ts';
import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { LimitRange, LimitRangeItem } from '../../schema/core-v1.generated.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { isOvercommitAllowed } from '../../validation/resource-names.ts';
import { validateContainerResourceName, validateResourceName } from '../pod/validation/resources.ts';

const standardTypes = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type List = (typeof lists)[number];

/** What an item says about one resource. */
type Bounds = Partial<Record<List, Quantity>>;

export function validateLimitRange({ spec }: LimitRange, errors: FieldError[]): void {
  const types = new Set<string>();
  spec?.limits?.forEach((item, index) => {
    const path = `spec.limits[${index}]`;
    validateType(item.type, `${path}.type`, errors);
    if (types.has(item.type)) errors.push(duplicate(`${path}.type`, item.type));
    types.add(item.type);
    const bounds = readBounds(item, path, errors);
    for (const [name, each] of bounds) validateBounds(name, each, path, errors);
  });
}

function validateType(type: string, path: string, errors: FieldError[]): void {
  const before = errors.length;
  applyRule(qualifiedName, type, path, errors);
  if (errors.length === before && !type.includes('/') && !standardTypes.has(type))
    errors.push(invalid(path, type, 'must be a standard limit type or fully qualified'));
}

/** All that is said, by resource; names are looked at on the way. */
function readBounds(item: LimitRangeItem, path: string, errors: FieldError[]): ReadonlyMap<string, Bounds> {
  const isPod = item.type === 'Pod';
  const validateName = isPod || item.type === 'Container' ? validateContainerResourceName : validateResourceName;
  const bounds = new Map<string, Bounds>();
  for (const list of lists) {
    const amounts = item[list] ?? {};
    if (list === 'maxLimitRequestRatio' && item.type === 'PersistentVolumeClaim') requireStorage(item, path, errors);
    if (isPod && (list === 'default' || list === 'defaultRequest')) {
      if (Object.keys(amounts).length > 0)
        errors.push(forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of Object.keys(amounts).sort()) {
      validateName(name, `${path}.${list}[${name}]`, errors);
      bounds.getOrInsertComputed(name, () => ({}))[list] = parseQuantity(amounts[name] ?? 0);
    }
  }
  return bounds;
}

function requireStorage({ min, max }: LimitRangeItem, path: string, errors: FieldError[]): void {
  if (min?.['storage'] !== undefined || max?.['storage'] !== undefined) return;
  const why = 'either minimum or maximum storage value is required, but neither was provided';
  errors.push(required(`${path}.limits`, why));
}

function validateBounds(name: string, bounds: Bounds, path: string, errors: FieldError[]): void {
  const { min, max, default: limit, defaultRequest: request, maxLimitRequestRatio: ratio } = bounds;
  const above = (a: Quantity | undefined, b: Quantity | undefined): boolean =>
    a !== undefined && b !== undefined && compareQuantities(a, b) > 0;
  const refuse = (list: List, value: Quantity | undefined, why: string): void => {
    errors.push(invalid(`${path}.${list}[${name}]`, text(value), why));
  };
  const [least, most, limited, requested] = [text(min), text(max), text(limit), text(request)];
  if (above(min, max)) refuse('min', min, `min value ${least} is greater than max value ${most}`);
  if (above(min, request))
    refuse('defaultRequest', request, `min value ${least} is greater than default request value ${requested}`);
  if (above(request, max))
    refuse('defaultRequest', request, `default request value ${requested} is greater than max value ${most}`);
  if (above(request, limit))
    refuse(
      'defaultRequest',
      request,
      `default request value ${requested} is greater than default limit value ${limited}`,
    );
  if (above(min, limit)) refuse('default', min, `min value ${least} is greater than default value ${limited}`);
  if (above(limit, max)) refuse('default', max, `default value ${limited} is greater than max value ${most}`);
  if (ratio !== undefined) validateRatio(ratio, min, max, (why) => refuse('maxLimitRequestRatio', ratio, why));
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && limited !== requested)
    refuse(
      'defaultRequest',
      request,
      `default value ${limited} must equal to defaultRequest value ${requested} in ${name}`,
    );
}

function validateRatio(
  ratio: Quantity,
  min: Quantity | undefined,
  max: Quantity | undefined,
  refuse: (why: string) => void,
): void {
  if (numberOf(ratio) < 1) refuse(`ratio ${text(ratio)} is less than 1`);
  if (min === undefined || max === undefined) return;
  const largest = numberOf(max) / numberOf(min);
  if (numberOf(ratio) > largest) refuse(`ratio ${text(ratio)} is greater than max/min = ${largest.toFixed(6)}`);
}

function numberOf({ unscaled, scale }: Quantity): number {
  return Number(unscaled) * 10 ** scale;
}

function text(quantity: Quantity | undefined): string {
  return quantity === undefined ? '' : formatQuantity(quantity);
}
