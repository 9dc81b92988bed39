import type { FieldError } from '../../../machinery/field-error.ts';
import { invalid, required } from '../../../machinery/field-errors.ts';
import type { ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../../schema/core-v1.generated.ts';
import { goValue } from '../../validation/go-value.ts';
import { validateResourceAmount } from '../../validation/quantity-rules.ts';
import { isStandardResource } from '../../validation/resource-names.ts';
import { validateResourceName } from '../pod/validation/resources.ts';

type Amounts = ResourceQuotaSpec['hard'];

const existsAlone = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);
const compute = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const podScope: ReadonlySet<string> = new Set(['pods', ...compute]);
/** The resources that a scope can narrow. */
const scopes: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['Terminating', podScope],
  ['NotTerminating', podScope],
  ['NotBestEffort', podScope],
  ['PriorityClass', podScope],
  ['CrossNamespacePodAffinity', podScope],
  ['BestEffort', new Set(['pods'])],
  ['VolumeAttributesClass', new Set(['persistentvolumeclaims', 'requests.storage'])],
]);
const conflicting = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

export function validateQuotaSpec(spec: ResourceQuotaSpec, errors: FieldError[]): void {
  validateHardAmounts(spec.hard, 'spec.hard', errors);
  validateScopes(spec, errors);
  validateSelector(spec, errors);
}

export function validateHardAmounts(amounts: Amounts, path: string, errors: FieldError[]): void {
  for (const name of Object.keys(amounts ?? {}).sort()) {
    const at = `${path}[${name}]`;
    validateResourceName(name, at, errors);
    if (!name.includes('/') && !isQuotaResource(name))
      errors.push(invalid(at, name, 'must be a standard resource for quota'));
    validateResourceAmount(name, amounts?.[name] ?? 0, at, errors);
  }
}

type Scopes = readonly string[] | undefined;

export function validateScopesUnchanged(now: Scopes, before: Scopes, errors: FieldError[]): void {
  const [one, other] = [new Set(now), new Set(before)];
  if (one.size !== other.size || !one.isSubsetOf(other)) errors.push(invalid('spec.scopes', now, 'field is immutable'));
}

/** What a quota may name without a domain: all that is standard but `storage`. */
function isQuotaResource(name: string): boolean {
  return isStandardResource(name) && name !== 'storage';
}

function validateScopes({ scopes: given = [], hard }: ResourceQuotaSpec, errors: FieldError[]): void {
  for (const scope of given) {
    if (!scopes.has(scope)) errors.push(invalid('spec.scopes', given, 'unsupported scope'));
    for (const _ of unsuited(scope, hard))
      errors.push(invalid('spec.scopes', given, 'unsupported scope applied to resource'));
  }
  validatePairs(given, 'spec.scopes', given, errors);
}

function validateSelector({ scopeSelector, scopes: given, hard }: ResourceQuotaSpec, errors: FieldError[]): void {
  if (scopeSelector === undefined) return;
  const path = 'spec.scopeSelector.matchExpressions';
  const expressions = scopeSelector.matchExpressions ?? [];
  for (const expression of expressions) {
    const { scopeName } = expression;
    if (!scopes.has(scopeName)) errors.push(invalid(`${path}.scopeName`, scopeName, 'unsupported scope'));
    for (const _ of unsuited(scopeName, hard))
      errors.push(
        invalid(path, goValue(scopeSelector, 'core.v1.ScopeSelector'), 'unsupported scope applied to resource'),
      );
    validateOperator(expression, path, errors);
  }
  const names = expressions.map(({ scopeName }) => scopeName);
  // Kubernetes shows the plain scopes here.
  validatePairs(names, path, given ?? null, errors);
}

function validateOperator(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  path: string,
  errors: FieldError[],
): void {
  if (existsAlone.has(scopeName) && operator !== 'Exists')
    errors.push(
      invalid(
        `${path}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      ),
    );
  if (operator === 'In' || operator === 'NotIn') {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(`${path}.values`, why));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalid(`${path}.values`, values, why));
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'));
}

/** The standard resources of the quota that the scope says nothing about. */
function unsuited(scope: string, hard: Amounts): readonly string[] {
  const suited = scopes.get(scope);
  if (suited === undefined) return [];
  return Object.keys(hard ?? {}).filter((name) => isQuotaResource(name) && !suited.has(name));
}

function validatePairs(
  names: readonly string[],
  path: string,
  shown: readonly string[] | null,
  errors: FieldError[],
): void {
  for (const [one, other] of conflicting)
    if (names.includes(one) && names.includes(other)) errors.push(invalid(path, shown, 'conflicting scopes'));
}
