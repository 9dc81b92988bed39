import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required, tooLong } from '../../machinery/field-errors.ts';
import { qualifiedName } from '../../machinery/names.ts';

const mostBytes = 256 * 1024;

/** What a pod tells a signer in its own words: keys are names within a domain, in any case of letters. */
export function validateUserAnnotations(
  annotations: Readonly<Record<string, string>>,
  path: string,
  errors: FieldError[],
): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    validateDomainPrefixedKey(key.toLowerCase(), path, errors);
  }
  if (bytes > mostBytes) errors.push(tooLong(path, mostBytes));
}

function validateDomainPrefixedKey(key: string, path: string, errors: FieldError[]): void {
  const problems = qualifiedName(key);
  if (key === '') errors.push(required(path));
  else if (problems.length > 0) for (const problem of problems) errors.push(invalid(path, key, problem));
  else if (!key.includes('/')) errors.push(invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")'));
}
