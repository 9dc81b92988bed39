import type { FieldError } from '../../../machinery/field-error.ts';
import { duplicate, forbidden, invalid, notSupported, required } from '../../../machinery/field-errors.ts';
import { dnsLabel, dnsSubdomain, inRange, portName, portNumber, qualifiedName } from '../../../machinery/names.ts';
import { validateLabels } from '../../../machinery/object-meta.ts';
import type { Service, ServicePort, ServiceSpec } from '../../schema/core-v1.generated.ts';
import { applyNumberRule, applyRule } from '../../validation/apply-rule.ts';
import { validateImmutable } from '../../validation/immutable.ts';
import { parseCidr, validateIpAddress, validateNonSpecialIpAddress } from '../../validation/ip-address.ts';
import { portProtocols } from '../../validation/port-protocols.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const affinities = ['ClientIP', 'None'];
const policies = ['Cluster', 'Local'];
const longestAffinitySeconds = 86_400;

export function validateService(service: Service, errors: FieldError[]): void {
  const spec = service.spec ?? {};
  validatePortList(spec, errors);
  if (spec.selector !== undefined) errors.push(...validateLabels(spec.selector, 'spec.selector'));
  validateAffinity(spec, errors);
  validateTypeRules(spec, errors);
  validateClusterIps(spec, errors);
  spec.externalIPs?.forEach((address, index) => {
    validateIpAddress(address, `spec.externalIPs[${index}]`, errors);
    validateNonSpecialIpAddress(address, `spec.externalIPs[${index}]`, errors);
  });
  validateLoadBalancer(spec, errors);
  validateTrafficPolicies(spec, errors);
}

export function validateServiceUpdate(service: Service, old: Service, errors: FieldError[]): void {
  const { spec = {} } = service;
  const { spec: before = {} } = old;
  const hasAddress = (type: string | undefined) => type !== 'ExternalName';
  if (hasAddress(before.type) && hasAddress(spec.type) && (before.clusterIP ?? '') !== '') {
    if (before.clusterIP !== spec.clusterIP)
      errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs ?? null, 'may not change once set'));
  }
  if (before.type === 'LoadBalancer' && spec.type === 'LoadBalancer') {
    validateImmutable(spec.loadBalancerClass, before.loadBalancerClass, 'spec.loadBalancerClass', errors);
  }
  validateService(service, errors);
}

function validatePortList(spec: ServiceSpec, errors: FieldError[]): void {
  const { ports = [] } = spec;
  const headless = spec.clusterIP === 'None';
  if (ports.length === 0 && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  const names = new Set<string>();
  const seen = new Set<string>();
  const nodePorts = new Set<string>();
  ports.forEach((port, index) => {
    const path = `spec.ports[${index}]`;
    validatePort(port, ports.length > 1, names, path, errors);
    const key = `${port.protocol}/${port.port}`;
    if (seen.has(key)) errors.push(duplicate(path, { protocol: port.protocol, port: port.port }));
    seen.add(key);
    if (port.nodePort === undefined || port.nodePort === 0) return;
    const nodeKey = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(nodeKey)) errors.push(duplicate(`${path}.nodePort`, port.nodePort));
    nodePorts.add(nodeKey);
  });
}

function validatePort(
  port: ServicePort,
  nameRequired: boolean,
  names: Set<string>,
  path: string,
  errors: FieldError[],
): void {
  const { name = '', protocol = '', targetPort, appProtocol } = port;
  if (name === '') {
    if (nameRequired) errors.push(required(`${path}.name`));
  } else {
    applyRule(dnsLabel, name, `${path}.name`, errors);
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  }
  applyNumberRule(portNumber, port.port, `${path}.port`, errors);
  if (protocol === '') errors.push(required(`${path}.protocol`));
  else if (!portProtocols.has(protocol)) errors.push(notSupported(`${path}.protocol`, protocol, portProtocols));
  if (typeof targetPort === 'number') applyNumberRule(portNumber, targetPort, `${path}.targetPort`, errors);
  else if (targetPort !== undefined) applyRule(portName, targetPort, `${path}.targetPort`, errors);
  if (appProtocol !== undefined) applyRule(qualifiedName, appProtocol, `${path}.appProtocol`, errors);
}

function validateAffinity({ sessionAffinity = '', sessionAffinityConfig }: ServiceSpec, errors: FieldError[]): void {
  if (sessionAffinity === '') errors.push(required('spec.sessionAffinity'));
  else if (!affinities.includes(sessionAffinity))
    errors.push(notSupported('spec.sessionAffinity', sessionAffinity, affinities));
  if (sessionAffinity === 'ClientIP') {
    const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    if (seconds === undefined) errors.push(required(path, ''));
    else if (seconds <= 0 || seconds > longestAffinitySeconds) {
      errors.push(invalid(path, seconds, `must be greater than 0 and less than ${longestAffinitySeconds}`));
    }
  } else if (sessionAffinity === 'None' && sessionAffinityConfig !== undefined) {
    errors.push(forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None'));
  }
}

function validateTypeRules(spec: ServiceSpec, errors: FieldError[]): void {
  const { type = '', clusterIP = '', externalName = '', ports = [] } = spec;
  if (type === '') errors.push(required('spec.type'));
  else if (!types.includes(type)) errors.push(notSupported('spec.type', type, types));
  if ((type === 'LoadBalancer' || type === 'NodePort') && clusterIP === 'None') {
    errors.push(invalid('spec.clusterIPs[0]', clusterIP, `may not be set to 'None' for ${type} services`));
  }
  if (type === 'ExternalName') {
    if (clusterIP !== '') errors.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
    if ((spec.ipFamilies?.length ?? 0) > 0)
      errors.push(forbidden('spec.ipFamilies', 'may not be set for ExternalName services'));
    if (spec.ipFamilyPolicy !== undefined)
      errors.push(forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
    const name = externalName.endsWith('.') ? externalName.slice(0, -1) : externalName;
    if (name === '') errors.push(required('spec.externalName'));
    else applyRule(dnsSubdomain, name, 'spec.externalName', errors);
  }
  if (type === 'ClusterIP') {
    ports.forEach(({ nodePort = 0 }, index) => {
      if (nodePort !== 0)
        errors.push(forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    });
  }
}

function validateClusterIps({ clusterIP = '', clusterIPs = [] }: ServiceSpec, errors: FieldError[]): void {
  if (clusterIP !== '' && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP) {
    errors.push(invalid('spec.clusterIPs[0]', clusterIPs, 'first value must match `clusterIP`'));
  }
  if (clusterIPs.length > 2) errors.push(invalid('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'));
  clusterIPs.forEach((address, index) => {
    if (address !== 'None') validateIpAddress(address, `spec.clusterIPs[${index}]`, errors);
    else if (clusterIPs.length > 1)
      errors.push(invalid(`spec.clusterIPs[${index}]`, address, "'None' must be the first and only value"));
  });
}

function validateLoadBalancer(spec: ServiceSpec, errors: FieldError[]): void {
  const { type, loadBalancerSourceRanges = [], loadBalancerClass, allocateLoadBalancerNodePorts } = spec;
  if (loadBalancerSourceRanges.length > 0) {
    if (type !== 'LoadBalancer')
      errors.push(forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"));
    loadBalancerSourceRanges.forEach((range, index) => {
      if (parseCidr(range.trim()) === undefined) {
        errors.push(
          invalid(
            `spec.loadBalancerSourceRanges[${index}]`,
            range,
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        );
      }
    });
  }
  if (type !== 'LoadBalancer') {
    if (allocateLoadBalancerNodePorts !== undefined) {
      errors.push(forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
    }
    if (loadBalancerClass !== undefined)
      errors.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
  } else if (loadBalancerClass !== undefined)
    applyRule(qualifiedName, loadBalancerClass, 'spec.loadBalancerClass', errors);
  else if (allocateLoadBalancerNodePorts === undefined) errors.push(required('spec.allocateLoadBalancerNodePorts'));
}

function validateTrafficPolicies(spec: ServiceSpec, errors: FieldError[]): void {
  const { type, externalTrafficPolicy = '', internalTrafficPolicy, healthCheckNodePort = 0, externalIPs = [] } = spec;
  const outside = type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && externalIPs.length > 0);
  if (!outside) {
    if (externalTrafficPolicy !== '') {
      errors.push(
        invalid(
          'spec.externalTrafficPolicy',
          externalTrafficPolicy,
          'may only be set for externally-accessible services',
        ),
      );
    }
  } else if (externalTrafficPolicy === '') errors.push(required('spec.externalTrafficPolicy'));
  else if (!policies.includes(externalTrafficPolicy)) {
    errors.push(notSupported('spec.externalTrafficPolicy', externalTrafficPolicy, policies));
  }
  const checksHealth = type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
  if (!checksHealth && healthCheckNodePort !== 0) {
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
  } else if (checksHealth)
    applyNumberRule((port) => inRange(port, 1, 65_535), healthCheckNodePort, 'spec.healthCheckNodePort', errors);
  if (type === 'ExternalName') {
    if (internalTrafficPolicy !== undefined)
      errors.push(forbidden('spec.internalTrafficPolicy', 'may not be set for ExternalName services'));
  } else if (internalTrafficPolicy === undefined) errors.push(required('spec.internalTrafficPolicy'));
  else if (!policies.includes(internalTrafficPolicy))
    errors.push(notSupported('spec.internalTrafficPolicy', internalTrafficPolicy, policies));
}
