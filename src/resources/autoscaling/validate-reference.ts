import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { pathSegmentName } from '../../machinery/names.ts';
import { parseApiVersion } from '../../machinery/resource-type.ts';
import type { CrossVersionObjectReference } from '../schema/autoscaling-v2.generated.ts';

/** What of an apiVersion is looked at; what an older version let in may stay. */
export interface ReferenceRules {
  readonly anyApiVersion: boolean;
  readonly emptyGroup: boolean;
}

export function validateReference(
  reference: CrossVersionObjectReference,
  path: string,
  rules: ReferenceRules,
  errors: FieldError[],
): void {
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field];
    if (!value) errors.push(required(`${path}.${field}`));
    else for (const problem of pathSegmentName(value, false)) errors.push(invalid(`${path}.${field}`, value, problem));
  }
  const problem = apiVersionProblem(reference, rules);
  if (problem !== undefined) errors.push(invalid(`${path}.apiVersion`, reference.apiVersion ?? '', problem));
}

export function apiVersionProblem(
  { apiVersion = '' }: CrossVersionObjectReference,
  { anyApiVersion, emptyGroup }: ReferenceRules,
): string | undefined {
  if (anyApiVersion) return undefined;
  if (apiVersion.split('/').length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  return emptyGroup || parseApiVersion(apiVersion).group !== '' ? undefined : 'apiVersion must specify API group';
}
