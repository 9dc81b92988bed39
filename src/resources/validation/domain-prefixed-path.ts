import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { dnsSubdomain, httpPath } from '../../machinery/names.ts';
import { applyRule } from './apply-rule.ts';

/** A name within a domain: `acme.io/foo`. */
export function validateDomainPrefixedPath(value: string, path: string, errors: FieldError[]): void {
  if (value === '') {
    errors.push(required(path));
    return;
  }
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) {
    errors.push(invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    return;
  }
  applyRule(dnsSubdomain, value.slice(0, slash), path, errors);
  applyRule(httpPath, value.slice(slash + 1), path, errors);
}
