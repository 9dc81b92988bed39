import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, invalid, notSupported, required, tooMany } from '../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain, labelValueRule, nameIsDnsSubdomain, qualifiedName } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { validateLabels } from '../../machinery/object-meta.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../schema/discovery-v1.generated.ts';
import { endpointSlices } from '../schema/resource-types.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { validateCanonicalIpAddress, validateNonSpecialIpAddress } from '../validation/ip-address.ts';
import { portProtocols } from '../validation/port-protocols.ts';

const maxEndpoints = 1000;
const maxAddresses = 100;
const maxPorts = 20_000;
const maxHints = 8;
const maxTopologyLabels = 16;
const shownItems = 3;
const addressTypes: ReadonlySet<string> = new Set(['FQDN', 'IPv4', 'IPv6']);

export const endpointSliceDefinition = define<EndpointSlice>(endpointSlices, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/endpointslices/' },
  setDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(slice) {
    for (const endpoint of slice.endpoints ?? []) delete endpoint.deprecatedTopology;
  },
  prepareForUpdate: dropNewTopology,
  validate: (slice, errors) => validate(slice, undefined, errors),
  validateUpdate: validate,
  changesGeneration: (slice, old) =>
    !equal(slice.addressType, old.addressType) ||
    !equal(slice.endpoints, old.endpoints) ||
    !equal(slice.ports, old.ports) ||
    !equal(slice.metadata.labels ?? {}, old.metadata.labels ?? {}),
  row: ({ metadata, addressType, ports, endpoints }, now) => [
    metadata.name ?? '',
    addressType,
    formatPorts(ports ?? []),
    formatEndpoints(endpoints ?? []),
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** The topology of v1beta1 can be carried on, never introduced. */
function dropNewTopology(slice: Draft<EndpointSlice>, old: EndpointSlice): void {
  for (const endpoint of slice.endpoints ?? []) {
    const { deprecatedTopology } = endpoint;
    const known = old.endpoints?.some((each) => equal(each.deprecatedTopology, deprecatedTopology)) ?? false;
    if (deprecatedTopology !== undefined && !known) delete endpoint.deprecatedTopology;
  }
}

function validate(slice: EndpointSlice, old: EndpointSlice | undefined, errors: FieldError[]): void {
  const { addressType } = slice;
  const endpoints = slice.endpoints ?? [];
  const later: FieldError[] = [];
  if (!addressType) later.push(required('addressType'));
  else if (!addressTypes.has(addressType)) later.push(notSupported('addressType', addressType, addressTypes));
  if (endpoints.length > maxEndpoints) later.push(tooMany('endpoints', endpoints.length, maxEndpoints));
  else
    endpoints.forEach((endpoint, index) => {
      validateEndpoint(endpoint, addressType, `endpoints[${index}]`, errors, later);
    });
  validatePorts(slice.ports ?? [], errors);
  if (old !== undefined) validateImmutable(addressType, old.addressType, 'addressType', later, null);
  // Kubernetes checks declared rules after the handwritten ones, which shows in the order of its messages.
  errors.push(...later);
}

function validateEndpoint(
  endpoint: Endpoint,
  addressType: string,
  path: string,
  errors: FieldError[],
  later: FieldError[],
): void {
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) later.push(required(`${path}.addresses`));
  else if (addresses.length > maxAddresses) later.push(tooMany(`${path}.addresses`, addresses.length, maxAddresses));
  else validateAddresses(addresses, addressType, `${path}.addresses`, errors);
  if (endpoint.nodeName !== undefined) applyRule(dnsSubdomain, endpoint.nodeName, `${path}.nodeName`, errors);
  const topology = endpoint.deprecatedTopology ?? {};
  const topologySize = Object.keys(topology).length;
  if (topologySize > maxTopologyLabels)
    errors.push(tooMany(`${path}.deprecatedTopology`, topologySize, maxTopologyLabels));
  errors.push(...validateLabels(topology, `${path}.deprecatedTopology`));
  if (endpoint.hostname !== undefined) applyRule(dnsLabel, endpoint.hostname, `${path}.hostname`, errors);
  if (endpoint.hints !== undefined) validateHints(endpoint.hints, `${path}.hints`, errors, later);
}

function validateAddresses(addresses: readonly string[], type: string, path: string, errors: FieldError[]): void {
  addresses.forEach((address, index) => {
    const place = `${path}[${index}]`;
    if (type === 'FQDN') validateDomain(address, place, errors);
    if (type !== 'IPv4' && type !== 'IPv6') return;
    const parsed = validateCanonicalIpAddress(address, place, errors);
    if (parsed === undefined) return;
    if (type === 'IPv4' && parsed.family !== 4) errors.push(invalid(path, address, 'must be an IPv4 address'));
    if (type === 'IPv6' && parsed.family !== 6) errors.push(invalid(path, address, 'must be an IPv6 address'));
    validateNonSpecialIpAddress(address, place, errors);
  });
}

function validateDomain(name: string, path: string, errors: FieldError[]): void {
  const problems = errors.length;
  applyRule(dnsSubdomain, name.endsWith('.') ? name.slice(0, -1) : name, path, errors);
  if (errors.length === problems && !name.includes('.'))
    errors.push(invalid(path, name, 'should be a domain with at least two segments separated by dots'));
}

function validateHints(hints: EndpointHints, path: string, errors: FieldError[], later: FieldError[]): void {
  const zones = hints.forZones ?? [];
  validateHintNames(zones, labelValueRule, `${path}.forZones`, errors, later);
  if (zones.length <= maxHints)
    validateHintNames(hints.forNodes ?? [], dnsSubdomain, `${path}.forNodes`, errors, later);
}

function validateHintNames(
  hints: readonly { readonly name: string }[],
  rule: typeof dnsSubdomain,
  path: string,
  errors: FieldError[],
  later: FieldError[],
): void {
  if (hints.length > maxHints) {
    later.push(tooMany(path, hints.length, maxHints));
    return;
  }
  const seen = new Set<string>();
  hints.forEach(({ name }, index) => {
    if (seen.has(name)) errors.push(duplicate(`${path}[${index}].name`, name));
    seen.add(name);
    applyRule(rule, name, `${path}[${index}].name`, errors);
  });
}

function validatePorts(ports: readonly EndpointPort[], errors: FieldError[]): void {
  if (ports.length > maxPorts) {
    errors.push(tooMany('ports', ports.length, maxPorts));
    return;
  }
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const path = `ports[${index}]`;
    const name = port.name ?? '';
    if (name !== '') applyRule(dnsLabel, name, `${path}.name`, errors);
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    if (port.protocol === undefined) errors.push(required(`${path}.protocol`));
    else if (!portProtocols.has(port.protocol))
      errors.push(notSupported(`${path}.protocol`, port.protocol, portProtocols));
    if (port.appProtocol !== undefined) applyRule(qualifiedName, port.appProtocol, `${path}.appProtocol`, errors);
  });
}

function formatPorts(ports: readonly EndpointPort[]): string {
  const texts = ports.map(({ name, port }) => (port === undefined ? (name ?? '') : String(port)));
  return shorten(texts.filter((text) => text !== '')) || '<unset>';
}

function formatEndpoints(endpoints: readonly Endpoint[]): string {
  if (endpoints.length === 0) return '<unset>';
  return shorten(endpoints.flatMap(({ addresses }) => addresses));
}

function shorten(texts: readonly string[]): string {
  const shown = texts.slice(0, shownItems).join(',');
  return texts.length > shownItems ? `${shown} + ${texts.length - shownItems} more...` : shown;
}
