import type { FieldError } from '../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain, portName, portNumber, qualifiedName } from '../../../machinery/names.ts';
import { validateLabels } from '../../../machinery/object-meta.ts';
import { equal } from '../../equal.ts';
import type { Service, ServicePort, ServiceSpec } from '../../schema/core-v1.generated.ts';
import { applyNumberRule, applyRule } from '../../validation/apply-rule.ts';
import { goValue } from '../../validation/go-value.ts';
import { validateIpAddress, validateNonSpecialIpAddress } from '../../validation/ip-address.ts';
import { portProtocols } from '../../validation/port-protocols.ts';
import { isReachedFromOutside } from './reached-from-outside.ts';
import { validateLoadBalancer } from './validate-load-balancer.ts';

const types: ReadonlySet<string> = new Set(['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
const affinities: ReadonlySet<string> = new Set(['ClientIP', 'None']);
const policies: ReadonlySet<string> = new Set(['Cluster', 'Local']);
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const longestAffinitySeconds = 86_400;

/** The rules for a service with its addresses: whether those agree is for who hands them out to say. */
export function validateService({ metadata, spec = {} }: Service, errors: FieldError[]): void {
  const { ports = [], type } = spec;
  if (ports.length === 0 && !isHeadless(spec) && type !== 'ExternalName') errors.push(required('spec.ports'));
  validateAddressless(spec, errors);
  const names = new Set<string>();
  for (const [index, port] of ports.entries())
    validatePort(port, ports.length > 1, names, `spec.ports[${index}]`, errors);
  if (spec.selector !== undefined) errors.push(...validateLabels(spec.selector, 'spec.selector'));
  validateAffinity(spec, errors);
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    const path = `spec.externalIPs[${index}]`;
    if (validateIpAddress(address, path, errors) !== undefined) validateNonSpecialIpAddress(address, path, errors);
  }
  if (!type) errors.push(required('spec.type'));
  else if (!types.has(type)) errors.push(notSupported('spec.type', type, types));
  validatePortNumbers(spec, errors);
  validateLoadBalancer(spec, metadata.annotations ?? {}, errors);
  validateTrafficPolicies(spec, errors);
  const { trafficDistribution } = spec;
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution))
    errors.push(notSupported('spec.trafficDistribution', trafficDistribution, distributions));
}

export function validateServiceUpdate(service: Service, old: Service, errors: FieldError[]): void {
  const { spec = {} } = service;
  const { spec: before = {} } = old;
  const stays = spec.type !== 'ExternalName' && before.type !== 'ExternalName';
  if (stays && before.clusterIP && before.clusterIP !== spec.clusterIP)
    errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs ?? null, 'may not change once set'));
  const balanced = spec.type === 'LoadBalancer' && before.type === 'LoadBalancer';
  if (balanced && !equal(spec.loadBalancerClass, before.loadBalancerClass))
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set'));
  validateService(service, errors);
}

function isHeadless({ clusterIP }: ServiceSpec): boolean {
  return clusterIP === 'None';
}

/** Services that cannot be without an address, and those that cannot have one. */
function validateAddressless(spec: ServiceSpec, errors: FieldError[]): void {
  const { type } = spec;
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec))
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`));
  if (type !== 'ExternalName') return;
  const detail = 'may not be set for ExternalName services';
  if (spec.clusterIP || (spec.clusterIPs ?? []).length > 0) errors.push(forbidden('spec.clusterIPs', detail));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbidden('spec.ipFamilies', detail));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', detail));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.push(required('spec.externalName'));
  else applyRule(dnsSubdomain, name, 'spec.externalName', errors);
}

function validatePort(
  port: ServicePort,
  nameRequired: boolean,
  names: Set<string>,
  path: string,
  errors: FieldError[],
): void {
  const { name = '', protocol, targetPort, appProtocol } = port;
  if (name !== '') {
    applyRule(dnsLabel, name, `${path}.name`, errors);
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  } else if (nameRequired) errors.push(required(`${path}.name`));
  applyNumberRule(portNumber, port.port, `${path}.port`, errors);
  if (!protocol) errors.push(required(`${path}.protocol`));
  else if (!portProtocols.has(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, portProtocols));
  if (typeof targetPort === 'number') applyNumberRule(portNumber, targetPort, `${path}.targetPort`, errors);
  else if (targetPort !== undefined) applyRule(portName, targetPort, `${path}.targetPort`, errors);
  if (appProtocol !== undefined) applyRule(qualifiedName, appProtocol, `${path}.appProtocol`, errors);
}

function validateAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec, errors: FieldError[]): void {
  if (!sessionAffinity) errors.push(required('spec.sessionAffinity'));
  else if (!affinities.has(sessionAffinity))
    errors.push(notSupported('spec.sessionAffinity', sessionAffinity, affinities));
  if (sessionAffinity === 'ClientIP') {
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
    if (seconds === undefined) errors.push(required(path));
    else if (seconds <= 0 || seconds > longestAffinitySeconds)
      errors.push(invalid(path, seconds, `must be greater than 0 and less than ${longestAffinitySeconds}`));
  } else if (sessionAffinity === 'None' && sessionAffinityConfig !== undefined) {
    const detail = 'must not be set when session affinity is None';
    errors.push(forbidden('spec.sessionAffinityConfig', detail));
  }
}

function validatePortNumbers({ type, ports = [] }: ServiceSpec, errors: FieldError[]): void {
  if (type === 'ClusterIP')
    for (const [index, { nodePort }] of ports.entries())
      if (nodePort)
        errors.push(forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
  const nodePorts = new Set<string>();
  for (const [index, { protocol, nodePort }] of ports.entries()) {
    if (!nodePort) continue;
    const key = `${protocol}/${nodePort}`;
    if (nodePorts.has(key)) {
      const shown = goValue({ protocol, nodePort }, 'core.v1.ServicePort') as object;
      errors.push(duplicate(`spec.ports[${index}].nodePort`, { ...shown, TargetPort: 0 }));
    }
    nodePorts.add(key);
  }
  const seen = new Set<string>();
  for (const [index, { protocol, port }] of ports.entries()) {
    const key = `${protocol}/${port}`;
    if (seen.has(key)) {
      const shown = goValue({ protocol, port }, 'core.v1.ServicePort') as object;
      errors.push(duplicate(`spec.ports[${index}]`, { ...shown, TargetPort: 0 }));
    }
    seen.add(key);
  }
}

function validateTrafficPolicies(spec: ServiceSpec, errors: FieldError[]): void {
  const { type, externalTrafficPolicy, internalTrafficPolicy, healthCheckNodePort } = spec;
  const path = 'spec.externalTrafficPolicy';
  if (!isReachedFromOutside(spec)) {
    if (externalTrafficPolicy)
      errors.push(invalid(path, externalTrafficPolicy, 'may only be set for externally-accessible services'));
  } else if (!externalTrafficPolicy) errors.push(required(path));
  else if (!policies.has(externalTrafficPolicy)) errors.push(notSupported(path, externalTrafficPolicy, policies));
  if (type === 'LoadBalancer' && externalTrafficPolicy === 'Local')
    applyNumberRule(portNumber, healthCheckNodePort ?? 0, 'spec.healthCheckNodePort', errors);
  else if (healthCheckNodePort) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, detail));
  }
  if (type === 'ExternalName') return;
  if (internalTrafficPolicy === undefined) errors.push(required('spec.internalTrafficPolicy'));
  else if (!policies.has(internalTrafficPolicy))
    errors.push(notSupported('spec.internalTrafficPolicy', internalTrafficPolicy, policies));
}
