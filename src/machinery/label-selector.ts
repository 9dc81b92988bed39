import type { FieldError } from './field-error.ts';
import { forbidden, formatFieldErrors, indexPath, invalid, required } from './field-errors.ts';
import { quote } from './go-text.ts';
import { labelValueRule, qualifiedName } from './names.ts';
import { validateLabelName, validateLabels } from './object-meta.ts';

export type Labels = Readonly<Record<string, string>>;

/** The LabelSelector of the API: what both parts say must hold. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

export type SelectorOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface SelectorRequirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** A compiled label selector: all requirements must hold. */
export class LabelSelector {
  /** Ordered by key. */
  readonly requirements: readonly SelectorRequirement[];
  /** Whether it selects nothing at all: what a selector that is absent does. */
  readonly nothing: boolean;

  constructor(requirements: readonly SelectorRequirement[], nothing = false) {
    this.requirements = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.nothing = nothing;
  }

  /** Whether it selects everything. */
  get everything(): boolean {
    return !this.nothing && this.requirements.length === 0;
  }

  matches(labels: Labels | null | undefined): boolean {
    if (this.nothing) return false;
    for (const requirement of this.requirements) if (!holds(requirement, labels)) return false;
    return true;
  }

  /** The one value that a label must have; undefined when the selector leaves more than one open. */
  exactValue(key: string): string | undefined {
    const requirement = this.requirements.find((each) => each.key === key);
    const exact = requirement !== undefined && ['=', '==', 'in'].includes(requirement.operator);
    return exact && requirement.values.length === 1 ? requirement.values[0] : undefined;
  }

  /** In the string form, as `scale` shows it: `app=web,tier in (a,b),!old`. */
  toString(): string {
    return this.requirements.map(requirementText).join(',');
  }
}

export const everything = new LabelSelector([]);
export const nothing = new LabelSelector([], true);

function holds({ key, operator, values }: SelectorRequirement, labels: Labels | null | undefined): boolean {
  const label = labels?.[key];
  // A label may be called `constructor`, which every object has.
  const value = typeof label === 'string' ? label : undefined;
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      const [left, right] = [integer(value), integer(values[0])];
      return left !== undefined && right !== undefined && (operator === 'gt' ? left > right : left < right);
    }
  }
}

function integer(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function requirementText({ key, operator, values }: SelectorRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values.join(',')}`;
    case 'lt':
      return `${key}<${values.join(',')}`;
    default:
      return `${key}${operator}${values.join(',')}`;
  }
}

/** The selector for labels that must all be there; none select everything. */
export function selectorFromLabels(labels: Labels): LabelSelector {
  return new LabelSelector(Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

const operators: Readonly<Record<string, SelectorOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/** Compiles a LabelSelector of the API: absent selects nothing, empty everything. Throws an Error for one that is invalid. */
export function compileLabelSelector(selector: LabelSelectorObject | null | undefined): LabelSelector {
  if (selector === null || selector === undefined) return nothing;
  const requirements: SelectorRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push(checkedRequirement(key, '=', [value]));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = operators[operator];
    if (known === undefined) throw new Error(`${quote(operator)} is not a valid label selector operator`);
    requirements.push(checkedRequirement(key, known, values ?? []));
  }
  return new LabelSelector(requirements);
}

/** A requirement whose key and values were checked; throws an Error that lists what is wrong. */
export function checkedRequirement(
  key: string,
  operator: SelectorOperator,
  values: readonly string[],
): SelectorRequirement {
  const errors: FieldError[] = [];
  const keyProblems = qualifiedName(key);
  if (keyProblems.length > 0) errors.push(invalid('key', key, keyProblems.join('; ')));
  const counts = countProblem(operator, values);
  if (counts !== undefined) errors.push(invalid('values', values, counts));
  if (operator === 'gt' || operator === 'lt') {
    for (const [index, value] of values.entries())
      if (integer(value) === undefined)
        errors.push(
          invalid(indexPath('values', index), value, "for 'Gt', 'Lt' operators, the value must be an integer"),
        );
  }
  for (const [index, value] of values.entries()) {
    const problems = labelValueRule(value);
    if (problems.length > 0) errors.push(invalid(`values[${index}][${key}]`, value, problems.join('; ')));
  }
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return { key, operator, values: [...new Set(values)].sort() };
}

function countProblem(operator: SelectorOperator, values: readonly string[]): string | undefined {
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined;
    case 'exists':
    case '!':
      return values.length === 0 ? undefined : 'values set must be empty for exists and does not exist';
    case 'gt':
    case 'lt':
      return values.length === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required";
    default:
      return values.length === 1 ? undefined : 'exact-match compatibility requires one single value';
  }
}

export interface LabelSelectorRules {
  /** For an update of an object that was stored with values that no longer pass. */
  readonly allowInvalidValues?: boolean;
}

/** What is wrong with a LabelSelector in an object. */
export function validateLabelSelector(
  selector: LabelSelectorObject | null | undefined,
  path: string,
  rules: LabelSelectorRules = {},
): FieldError[] {
  if (selector === null || selector === undefined) return [];
  const errors = validateLabels(selector.matchLabels ?? {}, `${path}.matchLabels`);
  for (const [index, expression] of (selector.matchExpressions ?? []).entries()) {
    const at = indexPath(`${path}.matchExpressions`, index);
    const values = expression.values ?? [];
    if (expression.operator === 'In' || expression.operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (expression.operator === 'Exists' || expression.operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else errors.push(invalid(`${at}.operator`, expression.operator, 'not a valid selector operator'));
    errors.push(...validateLabelName(expression.key, `${at}.key`));
    if (rules.allowInvalidValues === true) continue;
    for (const [position, value] of values.entries())
      for (const message of labelValueRule(value))
        errors.push(invalid(indexPath(`${at}.values`, position), value, message));
  }
  return errors;
}
