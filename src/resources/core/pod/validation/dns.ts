import type { FieldError } from '../../../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../../../machinery/field-errors.ts';
import { dnsSubdomain, dnsSubdomainWithUnderscore } from '../../../../machinery/names.ts';
import type { HostAlias, PodDNSConfig } from '../../../schema/core-v1.generated.ts';
import { applyRule } from '../../../validation/apply-rule.ts';
import { validateIpAddress } from '../../../validation/ip-address.ts';

const policies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

export function validateDnsPolicy(policy: string | undefined, path: string, errors: FieldError[]): void {
  if (!policy) errors.push(required(path));
  else if (!policies.includes(policy)) errors.push(notSupported(path, policy, policies));
}

export function validateDnsConfig(
  config: PodDNSConfig | undefined,
  policy: string | undefined,
  path: string,
  errors: FieldError[],
): void {
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === 'None') {
    if (config === undefined) errors.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    else if (nameservers.length === 0) {
      const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      errors.push(required(`${path}.nameservers`, detail));
      return;
    }
  }
  if (config === undefined) return;
  if (nameservers.length > maxNameservers)
    errors.push(invalid(`${path}.nameservers`, nameservers, `must not have more than ${maxNameservers} nameservers`));
  for (const [index, server] of nameservers.entries())
    validateIpAddress(server, `${path}.nameservers[${index}]`, errors);
  validateSearches(searches, `${path}.searches`, errors);
  for (const [index, { name }] of options.entries())
    if (!name) errors.push(required(`${path}.options[${index}]`, 'must not be empty'));
}

function validateSearches(searches: readonly string[], path: string, errors: FieldError[]): void {
  if (searches.length > maxSearches)
    errors.push(invalid(path, searches, `must not have more than ${maxSearches} search paths`));
  if (searches.join(' ').length > maxSearchCharacters) {
    const detail = `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`;
    errors.push(invalid(path, searches, detail));
  }
  for (const [index, search] of searches.entries()) {
    // A dot alone is the root; one at the end says that the name is complete.
    if (search === '.') continue;
    const place = `${path}[${index}]`;
    for (const problem of dnsSubdomainWithUnderscore(search.endsWith('.') ? search.slice(0, -1) : search))
      errors.push(invalid(place, search, problem));
  }
}

export function validateHostAliases(aliases: readonly HostAlias[], path: string, errors: FieldError[]): void {
  for (const [index, { ip, hostnames = [] }] of aliases.entries()) {
    validateIpAddress(ip ?? '', `${path}[${index}].ip`, errors);
    for (const [at, name] of hostnames.entries())
      applyRule(dnsSubdomain, name, `${path}[${index}].hostnames[${at}]`, errors);
  }
}
