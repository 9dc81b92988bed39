import type { FieldError } from '../../machinery/field-error.ts';
import { required } from '../../machinery/field-errors.ts';
import { dnsSubdomain, pathSegmentName } from '../../machinery/names.ts';
import { applyRule } from '../validation/apply-rule.ts';

/** A reference to an object of any kind. */
export function validateObjectReference(
  reference: { readonly apiGroup?: string | null | undefined; readonly kind: string; readonly name: string },
  path: string,
  errors: FieldError[],
): void {
  const { apiGroup, kind, name } = reference;
  if (apiGroup != null) applyRule(dnsSubdomain, apiGroup, `${path}.apiGroup`, errors);
  validatePathSegment(kind, `${path}.kind`, errors);
  validatePathSegment(name, `${path}.name`, errors);
}

/** A name that has to be there and to fit into a path of the API. */
export function validatePathSegment(value: string, path: string, errors: FieldError[]): void {
  if (!value) errors.push(required(path));
  else applyRule((text) => pathSegmentName(text, false), value, path, errors);
}
