import { isIP } from 'node:net';
import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { familyOf } from './address-range.ts';
import { isHeadless, type Spec, typeOf } from './service-spec.ts';

const families: ReadonlySet<string> = new Set(['IPv4', 'IPv6']);
const policies: ReadonlySet<string> = new Set(['SingleStack', 'PreferDualStack', 'RequireDualStack']);
const field = 'spec.clusterIPs';

/** Whether `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` go together, before anything is made of them. */
export function clusterIPErrors(spec: Spec): readonly FieldError[] {
  if (typeOf(spec) === 'ExternalName') return [];
  const addresses = spec.clusterIPs ?? [];
  const errors = [...agreementErrors(spec, addresses), ...familyErrors(spec)];
  const addressErrors = addresses.flatMap((address, index) => oneAddressErrors(address, index, addresses));
  errors.push(...addressErrors);
  if (addresses.length > 2) errors.push(invalid(field, addresses, 'may only hold up to 2 values'));
  if (addressErrors.length > 0) return errors;
  if (addresses.length > 1 && new Set(addresses.map(familyOf)).size < 2) {
    errors.push(invalid(field, addresses, 'may specify no more than one IP for each IP family'));
  }
  if (isHeadless(spec)) return errors;
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const address = addresses[index];
    if (address === undefined || familyOf(address) === family || !families.has(family)) continue;
    const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    errors.push(invalid(`${field}[${index}]`, address, why));
  }
  return errors;
}

function agreementErrors({ clusterIP = '' }: Spec, addresses: readonly string[]): readonly FieldError[] {
  if (clusterIP === '') {
    return addresses.length === 0 ? [] : [invalid(field, addresses, 'must be empty when `clusterIP` is not specified')];
  }
  if (addresses.length === 0) return [required(field)];
  return addresses[0] === clusterIP ? [] : [invalid(field, addresses, 'first value must match `clusterIP`')];
}

function familyErrors({ ipFamilies = [], ipFamilyPolicy }: Spec): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, family] of ipFamilies.entries()) {
    const path = `spec.ipFamilies[${index}]`;
    if (!families.has(family)) errors.push(notSupported(path, family, families));
    if (ipFamilies.indexOf(family) < index) errors.push(duplicate(path, family));
  }
  if (ipFamilyPolicy != null && !policies.has(ipFamilyPolicy)) {
    errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, policies));
  }
  return errors;
}

function oneAddressErrors(address: string, index: number, addresses: readonly string[]): readonly FieldError[] {
  if (index === 0 && address === 'None') {
    return addresses.length === 1 ? [] : [invalid(field, addresses, "'None' must be the first and only value")];
  }
  if (isIP(address) !== 0) return [];
  const why = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  return [invalid(`${field}[${index}]`, address, why)];
}
