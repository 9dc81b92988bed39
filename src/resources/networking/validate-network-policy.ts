import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { type LabelSelectorRules, validateLabelSelector } from '../../machinery/label-selector.ts';
import { portName, portNumber } from '../../machinery/names.ts';
import type {
  IPBlock,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../schema/networking-v1.generated.ts';
import { applyNumberRule, applyRule } from '../validation/apply-rule.ts';
import { cidrContains, parseCidr, validateCidr } from '../validation/ip-address.ts';

const policyTypes = ['Ingress', 'Egress'];
const protocols = ['TCP', 'UDP', 'SCTP'];

/** What was there before the rules were as strict as now: it may be written again. */
interface Leave {
  readonly selectors: LabelSelectorRules;
  readonly ranges: ReadonlySet<string>;
}

const nothingLeft: Leave = { selectors: {}, ranges: new Set() };

export function validateNetworkPolicySpec(spec: NetworkPolicySpec, errors: FieldError[], leave = nothingLeft): void {
  errors.push(...validateLabelSelector(spec.podSelector, 'spec.podSelector', leave.selectors));
  for (const [index, { ports, from }] of (spec.ingress ?? []).entries()) {
    validatePorts(ports, `spec.ingress[${index}].ports`, errors);
    validatePeers(from, `spec.ingress[${index}].from`, errors, leave);
  }
  for (const [index, { ports, to }] of (spec.egress ?? []).entries()) {
    validatePorts(ports, `spec.egress[${index}].ports`, errors);
    validatePeers(to, `spec.egress[${index}].to`, errors, leave);
  }
  const types = spec.policyTypes ?? [];
  if (types.length > policyTypes.length)
    errors.push(invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'));
  else
    for (const [index, type] of types.entries())
      if (!policyTypes.includes(type)) errors.push(notSupported(`spec.policyTypes[${index}]`, type, policyTypes));
}

export function validateNetworkPolicyUpdate(
  spec: NetworkPolicySpec,
  old: NetworkPolicySpec,
  errors: FieldError[],
): void {
  const peers = [
    ...(old.ingress ?? []).flatMap(({ from }) => from ?? []),
    ...(old.egress ?? []).flatMap(({ to }) => to ?? []),
  ];
  validateNetworkPolicySpec(spec, errors, {
    selectors: { allowInvalidValues: validateLabelSelector(old.podSelector, '').length > 0 },
    ranges: new Set(peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []))),
  });
}

function validatePorts(ports: readonly NetworkPolicyPort[] = [], path: string, errors: FieldError[]): void {
  for (const [index, port] of ports.entries()) validatePort(port, `${path}[${index}]`, errors);
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string, errors: FieldError[]): void {
  if (protocol !== undefined && !protocols.includes(protocol))
    errors.push(notSupported(`${path}.protocol`, protocol, protocols));
  const wrongEnd = (why: string) => errors.push(invalid(`${path}.endPort`, endPort, why));
  if (typeof port === 'number') {
    applyNumberRule(portNumber, port, `${path}.port`, errors);
    if (endPort === undefined) return;
    if (endPort < port) wrongEnd('must be greater than or equal to `port`');
    applyNumberRule(portNumber, endPort, `${path}.endPort`, errors);
    return;
  }
  if (endPort !== undefined)
    wrongEnd(`may not be specified when \`port\` is ${port === undefined ? 'not specified' : 'non-numeric'}`);
  if (port !== undefined) applyRule(portName, port, `${path}.port`, errors);
}

function validatePeers(
  peers: readonly NetworkPolicyPeer[] = [],
  path: string,
  errors: FieldError[],
  leave: Leave,
): void {
  for (const [index, { podSelector, namespaceSelector, ipBlock }] of peers.entries()) {
    const place = `${path}[${index}]`;
    errors.push(...validateLabelSelector(podSelector, `${place}.podSelector`, leave.selectors));
    errors.push(...validateLabelSelector(namespaceSelector, `${place}.namespaceSelector`, leave.selectors));
    if (ipBlock !== undefined) validateBlock(ipBlock, `${place}.ipBlock`, errors, leave.ranges);
    const selects = podSelector !== undefined || namespaceSelector !== undefined;
    if (!selects && ipBlock === undefined) errors.push(required(place, 'must specify a peer'));
    else if (selects && ipBlock !== undefined)
      errors.push(forbidden(place, 'may not specify both ipBlock and another peer'));
  }
}

function validateBlock({ cidr, except = [] }: IPBlock, path: string, errors: FieldError[], left: ReadonlySet<string>) {
  if (!cidr) {
    errors.push(required(`${path}.cidr`));
    return;
  }
  if (!left.has(cidr)) validateCidr(cidr, `${path}.cidr`, errors);
  const whole = parseCidr(cidr);
  if (whole === undefined) return;
  for (const [index, text] of except.entries()) {
    const place = `${path}.except[${index}]`;
    if (!left.has(text)) validateCidr(text, place, errors);
    const part = parseCidr(text);
    if (part === undefined) continue;
    if (!cidrContains(whole, part) || part.prefixLength === whole.prefixLength)
      errors.push(invalid(place, text, 'must be a strict subset of `cidr`'));
  }
}
