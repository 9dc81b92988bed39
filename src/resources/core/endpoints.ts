import type { FieldError } from '../../machinery/field-error.ts';
import { notSupported, required } from '../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain, nameIsDnsSubdomain, portNumber, qualifiedName } from '../../machinery/names.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from '../schema/core-v1.generated.ts';
import { endpoints } from '../schema/resource-types.generated.ts';
import { applyNumberRule, applyRule } from '../validation/apply-rule.ts';
import { validateIpAddress, validateNonSpecialIpAddress } from '../validation/ip-address.ts';
import { portProtocols } from '../validation/port-protocols.ts';

const shownAddresses = 3;

export const endpointsDefinition = define<Endpoints>(endpoints, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/services/endpoints/' },
  setDefaults({ subsets = [] }) {
    for (const { ports = [] } of subsets) for (const port of ports) port.protocol ||= 'TCP';
  },
  validateName: nameIsDnsSubdomain,
  validate({ subsets = [] }, errors) {
    subsets.forEach((subset, index) => {
      validateSubset(subset, `subsets[${index}]`, errors);
    });
  },
  deprecationWarning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  createOnUpdate: true,
  row: ({ metadata, subsets }, now) => [
    metadata.name ?? '',
    formatEndpoints(subsets ?? []),
    ageSince(metadata.creationTimestamp, now),
  ],
});

function validateSubset(subset: EndpointSubset, path: string, errors: FieldError[]): void {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length === 0 && notReadyAddresses.length === 0)
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  addresses.forEach((address, index) => {
    validateAddress(address, `${path}.addresses[${index}]`, errors);
  });
  notReadyAddresses.forEach((address, index) => {
    validateAddress(address, `${path}.notReadyAddresses[${index}]`, errors);
  });
  ports.forEach((port, index) => {
    validatePort(port, ports.length > 1, `${path}.ports[${index}]`, errors);
  });
}

function validateAddress(address: EndpointAddress, path: string, errors: FieldError[]): void {
  validateIpAddress(address.ip, `${path}.ip`, errors);
  if (address.hostname) applyRule(dnsLabel, address.hostname, `${path}.hostname`, errors);
  if (address.nodeName !== undefined) applyRule(dnsSubdomain, address.nodeName, `${path}.nodeName`, errors);
  validateNonSpecialIpAddress(address.ip, `${path}.ip`, errors);
}

function validatePort(port: EndpointPort, nameRequired: boolean, path: string, errors: FieldError[]): void {
  if (port.name) applyRule(dnsLabel, port.name, `${path}.name`, errors);
  else if (nameRequired) errors.push(required(`${path}.name`));
  applyNumberRule(portNumber, port.port, `${path}.port`, errors);
  if (!port.protocol) errors.push(required(`${path}.protocol`));
  else if (!portProtocols.has(port.protocol))
    errors.push(notSupported(`${path}.protocol`, port.protocol, portProtocols));
  if (port.appProtocol !== undefined) applyRule(qualifiedName, port.appProtocol, `${path}.appProtocol`, errors);
}

/** `10.0.0.1:80,10.0.0.2:80 + 3 more...` */
function formatEndpoints(subsets: readonly EndpointSubset[]): string {
  const texts = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`)),
  );
  if (texts.length === 0) return subsets.length === 0 ? '<none>' : '';
  const shown = texts.slice(0, shownAddresses).join(',');
  return texts.length > shownAddresses ? `${shown} + ${texts.length - shownAddresses} more...` : shown;
}
