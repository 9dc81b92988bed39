import { isConditionTrue } from '../../machinery/conditions.ts';
import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, required } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import type { ServiceCIDR, ServiceCIDRSpec } from '../schema/networking-v1.generated.ts';
import { serviceCIDRs } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { goValue } from '../validation/go-value.ts';
import {
  cidrContains,
  isNetworkOrBroadcast,
  parseCidr,
  parseIpAddress,
  validateCanonicalCidr,
} from '../validation/ip-address.ts';

const path = 'spec.cidrs';
const immutable = 'field is immutable';

/** Ranges that services get their addresses from: one, or one of each family (KEP-1880). */
export const serviceCIDRDefinition = define<ServiceCIDR>(serviceCIDRs, {
  storage: { keyPrefix: '/registry/servicecidrs/' },
  setDefaults(range) {
    range.spec ??= {};
    range.status ??= {};
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(range) {
    range.status = {};
  },
  prepareForUpdate(range, old) {
    range.status = shared(old.status ?? {});
  },
  validate: ({ spec = {} }, errors) => validateSpec(spec, errors),
  validateUpdate,
  status: keepingMetadata({
    prepareForUpdate(range, old) {
      range.spec = shared(old.spec ?? {});
    },
  }),
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    (spec?.cidrs ?? []).join(','),
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** Whether services may get addresses from it. */
export function isReadyServiceCIDR({ status }: ServiceCIDR): boolean {
  return isConditionTrue(status?.conditions, 'Ready');
}

/** Whether a service may have this address by it: neither that of the network nor, in IPv4, that of broadcasts. */
export function servesAddress({ spec }: ServiceCIDR, address: string): boolean {
  const wanted = parseIpAddress(address);
  if (wanted === undefined) return false;
  return (spec?.cidrs ?? []).some((text) => {
    const cidr = parseCidr(text);
    return cidr !== undefined && cidrContains(cidr, wanted) && !isNetworkOrBroadcast(wanted, cidr.prefixLength);
  });
}

function validateSpec(spec: ServiceCIDRSpec, errors: FieldError[]): void {
  const cidrs = spec.cidrs ?? [];
  if (cidrs.length === 0) errors.push(required(path, 'at least one CIDR required'));
  if (cidrs.length > 2)
    errors.push(invalid(path, goValue(spec, 'networking.v1.ServiceCIDRSpec'), 'may only hold up to 2 values'));
  if (cidrs.length > 2) return;
  for (const [index, cidr] of cidrs.entries()) validateCanonicalCidr(cidr, `${path}[${index}]`, errors);
  const [one, other] = cidrs.map((cidr) => parseCidr(cidr)?.address.family);
  if (one !== undefined && one === other) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.push(invalid(path, cidrs, why));
  }
}

/** What is there stays; a second family may come. */
function validateUpdate({ spec = {} }: ServiceCIDR, { spec: old = {} }: ServiceCIDR, errors: FieldError[]): void {
  const cidrs = spec.cidrs ?? [];
  const before = old.cidrs ?? [];
  const grows = before.length === 1 && cidrs.length === 2;
  if (!grows && cidrs.length !== before.length) {
    errors.push(invalid(path, spec.cidrs, immutable));
    return;
  }
  for (const [index, cidr] of before.entries())
    if (cidrs[index] !== cidr) errors.push(invalid(`${path}[${index}]`, cidrs[index], immutable));
  if (grows) validateSpec(spec, errors);
}
