import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, required } from '../../machinery/field-errors.ts';
import { qualifiedName } from '../../machinery/names.ts';
import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
} from '../../resources/schema/authorization-v1.generated.ts';
import type { RequestInfo } from '../request.ts';

/** What every access review asks about: one of the two. */
export interface AccessAttributes {
  readonly resourceAttributes?: ResourceAttributes | null | undefined;
  readonly nonResourceAttributes?: NonResourceAttributes | null | undefined;
}

/** The request that a review asks about. */
export function requestOf({ resourceAttributes, nonResourceAttributes }: AccessAttributes): RequestInfo {
  if (resourceAttributes == null) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {};
    return { isResource: false, path, verb };
  }
  const { verb, group, version, resource, subresource, namespace, name } = resourceAttributes;
  return {
    isResource: true,
    path: '',
    verb: verb ?? '',
    group: group ?? '',
    version: version ?? '',
    resource: resource ?? '',
    subresource: subresource ?? '',
    namespace: namespace ?? '',
    name: name ?? '',
    fieldSelector: fieldSelectorText(resourceAttributes.fieldSelector),
    labelSelector: labelSelectorText(resourceAttributes.labelSelector),
  };
}

/** Rules that all access reviews share. */
export function attributeErrors(attributes: AccessAttributes): readonly FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = attributes;
  const errors: FieldError[] = [];
  if ((resourceAttributes == null) === (nonResourceAttributes == null)) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push(invalid('spec', goFields(nonResourceAttributes), why));
  }
  const path = 'spec.resourceAttributes';
  errors.push(...selectorErrors(`${path}.fieldSelector`, resourceAttributes?.fieldSelector, fieldKeyErrors));
  errors.push(...selectorErrors(`${path}.labelSelector`, resourceAttributes?.labelSelector, labelKeyErrors));
  return errors;
}

/** As messages show them: by the names of the fields in Go. */
export function goFields(attributes: NonResourceAttributes | null | undefined): object | null {
  return attributes == null ? null : { Path: attributes.path ?? '', Verb: attributes.verb ?? '' };
}

/** Selectors that cannot be read do not count; the answer says so. Undefined: there are none. */
export function evaluationError({ resourceAttributes }: AccessAttributes): string | undefined {
  const { fieldSelector, labelSelector } = resourceAttributes ?? {};
  const badFields = (fieldSelector?.requirements ?? []).some(
    ({ operator, values }) => !(operator === 'In' || operator === 'NotIn') || values?.length !== 1,
  );
  const badLabels = (labelSelector?.requirements ?? []).some(({ operator, values = [] }) =>
    operator === 'In' || operator === 'NotIn'
      ? values.length === 0
      : !(operator === 'Exists' || operator === 'DoesNotExist') || values.length > 0,
  );
  const ignored = [badFields && 'fieldSelector', badLabels && 'labelSelector'].filter((each) => each !== false);
  const errors = ignored.map((each) => `spec.resourceAttributes.${each} ignored due to parse error`);
  if (errors.length === 0) return undefined;
  return errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`;
}

type Selector = FieldSelectorAttributes | LabelSelectorAttributes | null | undefined;

type SelectorRequirement = NonNullable<NonNullable<Selector>['requirements']>[number];
type KeyErrors = (path: string, key: string) => readonly FieldError[];

function selectorErrors(path: string, selector: Selector, keyErrors: KeyErrors): readonly FieldError[] {
  if (selector == null) return [];
  const rawSelector = selector.rawSelector ?? '';
  const requirements = selector.requirements ?? [];
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) {
    errors.push(invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  }
  if (rawSelector === '' && requirements.length === 0) {
    const why = `when ${path} is specified, requirements or rawSelector is required`;
    errors.push(required(`${path}.requirements`, why));
  }
  for (const [index, requirement] of requirements.entries())
    errors.push(...requirementErrors(`${path}.requirements[${index}]`, requirement, keyErrors));
  return errors;
}

/** Operators that nobody knows are left to whoever decides. */
function requirementErrors(
  path: string,
  requirement: SelectorRequirement,
  keyErrors: KeyErrors,
): readonly FieldError[] {
  const { key, operator, values = [] } = requirement;
  const errors = [...keyErrors(`${path}.key`, key)];
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  return errors;
}

function fieldKeyErrors(path: string, key: string): readonly FieldError[] {
  return key === '' ? [required(path, 'must be specified')] : [];
}

function labelKeyErrors(path: string, key: string): readonly FieldError[] {
  return qualifiedName(key).map((problem) => invalid(path, key, problem));
}

function fieldSelectorText(selector: FieldSelectorAttributes | null | undefined): string {
  if (selector?.rawSelector) return selector.rawSelector;
  return (selector?.requirements ?? [])
    .flatMap(({ key, operator, values = [] }) =>
      values.length === 1 ? [`${key}${operator === 'NotIn' ? '!=' : '='}${values[0]}`] : [],
    )
    .join(',');
}

function labelSelectorText(selector: LabelSelectorAttributes | null | undefined): string {
  if (selector?.rawSelector) return selector.rawSelector;
  return (selector?.requirements ?? [])
    .map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
    })
    .join(',');
}
