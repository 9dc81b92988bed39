import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required, tooLong, tooLongCharacters } from '../../machinery/field-errors.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { cIdentifier, dnsLabel, dnsSubdomain, dnsSubdomainOfAnyCase } from '../../machinery/names.ts';
import { validateCsiDriverName } from '../core/pod/validation/volume-sources.ts';
import { applyRule } from '../validation/apply-rule.ts';
import type { Found } from '../validation/found.ts';

const longestPoolName = 253;
const longestDriverName = 63;
const longestIdentifier = 32;

/** The names of drivers are those of CSI drivers. Some fields have the rule declared, which says it in other words. */
export function validateDeclaredDriverName(name: string, path: string, { later }: Found): void {
  if (!name) later.push(required(path));
  else if (name.length > longestDriverName) later.push(tooLongCharacters(path, longestDriverName));
  else for (const problem of dnsSubdomainOfAnyCase(name.toLowerCase())) later.push(invalid(path, name, problem));
}

/** Subdomains with slashes between them. */
export function validatePoolName(name: string, path: string, { now }: Found): void {
  if (!name) now.push(required(path));
  else {
    if (byteLength(name) > longestPoolName) now.push(tooLong(path, longestPoolName));
    for (const part of name.split('/')) applyRule(dnsSubdomain, part, path, now);
  }
}

/** The same rule where it is declared. */
export function validateDeclaredPoolName(name: string, path: string, { later }: Found): void {
  if (!name) later.push(required(path));
  else {
    if (byteLength(name) > longestPoolName) later.push(tooLong(path, longestPoolName));
    for (const [index, part] of name.split('/').entries())
      for (const problem of part === '' ? ['must not be empty'] : dnsSubdomain(part))
        later.push(invalid(path, part === '' ? name : part, `segment ${index}: ${problem}`));
  }
}

/** `model`, or `example.com/model`, of attributes and capacities. */
export function validateQualifiedDeviceName(name: string, path: string, { now }: Found): void {
  const [domain, id, ...others] = splitName(name);
  // Names with more slashes are let in by Kubernetes as well.
  if (others.length > 0) return;
  if (domain === '') now.push(invalid(path, '', 'the domain must not be empty'));
  else if (domain !== undefined) validateCsiDriverName(domain, path, now);
  if (id === '' && domain !== undefined) now.push(invalid(path, '', 'the name must not be empty'));
  else validateIdentifier(id, path, now);
}

/** The same with a domain, of constraints. The rule is declared and says some things in other words. */
export function validateFullDeviceName(name: string, path: string, { later }: Found): void {
  const [domain, id, ...others] = splitName(name);
  if (others.length > 0) return;
  if (domain === '') later.push(invalid(path, '', 'prefix must not be empty'));
  else if (domain !== undefined) {
    if (domain.length > longestDriverName) later.push(tooLong(path, longestDriverName));
    for (const problem of dnsSubdomain(domain.toLowerCase())) later.push(invalid(path, domain, `prefix: ${problem}`));
  }
  if (id === '' && domain !== undefined) later.push(invalid(path, '', 'name must not be empty'));
  else validateIdentifier(id, path, later);
  if (domain !== undefined) return;
  later.push(invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash'));
}

function splitName(name: string): readonly [domain: string | undefined, id: string, ...others: readonly string[]] {
  const [first = '', second, ...others] = name.split('/');
  return second === undefined ? [undefined, first] : [first, second, ...others];
}

function validateIdentifier(name: string, path: string, errors: FieldError[]): void {
  if (byteLength(name) > longestIdentifier) errors.push(tooLong(path, longestIdentifier));
  applyRule(cIdentifier, name, path, errors);
}

/** Names of requests, devices and sets of counters. */
export function validateLabelLikeName(name: string, path: string, errors: FieldError[]): void {
  applyRule(dnsLabel, name, path, errors);
}

/** The requests of a claim by name, each with the names of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

/** `request`, or `request/alternative`. */
export function validateRequestReference(name: string, path: string, found: Found, known: RequestNames): void {
  const unknown =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const [request = '', alternative, ...others] = name.split('/');
  if (others.length === 0) for (const part of name.split('/')) validateLabelLikeName(part, path, found.now);
  const alternatives = others.length === 0 ? known.get(request) : undefined;
  const exists = alternatives !== undefined && (alternative === undefined || alternatives.has(alternative));
  if (!exists) found.now.push(invalid(path, name, unknown));
}
