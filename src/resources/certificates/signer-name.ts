import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain, type NameRule } from '../../machinery/names.ts';

const domainBytes = 253;
const labelBytes = 63;
/** A path has room for `namespace.name`. */
const nameBytes = domainBytes + 1 + (domainBytes + labelBytes + 1);

/** The name of a signer: `example.com/signer-name`. */
export function validateSignerName(name: string, path: string, errors: FieldError[]): void {
  if (name === '') {
    errors.push(required(path));
    return;
  }
  const [domain = '', rest = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length > 0) {
    const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    errors.push(invalid(path, name, form));
    return;
  }
  if (domain.length > domainBytes) errors.push(tooLong(path, domainBytes));
  validateLabels(domain, dnsLabel, path, errors);
  if (!domain.includes('.'))
    errors.push(invalid(path, domain, 'should be a domain with at least two segments separated by dots'));
  validateLabels(rest, dnsSubdomain, path, errors);
  if (name.length > nameBytes) errors.push(tooLong(path, nameBytes));
}

/** Tells what is wrong with the first label that is wrong. */
function validateLabels(segment: string, rule: NameRule, path: string, errors: FieldError[]): void {
  for (const label of segment.split('.')) {
    const problems = rule(label);
    for (const problem of problems) errors.push(invalid(path, segment, `validating label "${label}": ${problem}`));
    if (problems.length > 0) return;
  }
}
