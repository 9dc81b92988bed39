import { nameIsDnsLabel } from '../../../machinery/names.ts';
import type { Draft } from '../../../machinery/object.ts';
import { ageSince } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { Cell } from '../../definition.ts';
import type { Service } from '../../schema/core-v1.generated.ts';
import { services } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { loadBalancerWarnings } from '../../validation/address-warnings.ts';
import { labelsText } from '../labels-text.ts';
import { isReachedFromOutside } from './reached-from-outside.ts';
import { serviceWarnings } from './service-warnings.ts';
import { validateServiceStatus } from './validate-load-balancer.ts';
import { validateService, validateServiceUpdate } from './validate-service.ts';

const clientIpTimeoutSeconds = 10_800;

/** Addresses, node ports and IP families are given by the allocators, between admission and validation. */
export const serviceDefinition = define<Service>(services, {
  storage: { keyPrefix: '/registry/services/specs/' },
  setDefaults: setServiceDefaults,
  validateName: nameIsDnsLabel,
  prepareForCreate(service) {
    service.status = { loadBalancer: {} };
    if (service.spec?.type === 'ExternalName') delete service.spec.internalTrafficPolicy;
  },
  prepareForUpdate(service, old) {
    service.status = shared(old.status ?? { loadBalancer: {} });
    dropWhatTheTypeDoesNotUse(service, old);
    if (service.spec?.type === 'ExternalName') delete service.spec.internalTrafficPolicy;
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  warnings: serviceWarnings,
  status: {
    prepareForUpdate(service, old) {
      service.spec = shared(old.spec ?? {});
    },
    validateUpdate: validateServiceStatus,
    warnings: ({ status }) => loadBalancerWarnings(status?.loadBalancer),
  },
  createOnUpdate: true,
  returnsDeletedObject: true,
  row: serviceRow,
});

function setServiceDefaults(service: Draft<Service>): void {
  service.spec ??= {};
  service.status ??= {};
  service.status.loadBalancer ??= {};
  const { spec } = service;
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === 'ClientIP') {
    spec.sessionAffinityConfig ??= {};
    spec.sessionAffinityConfig.clientIP ??= {};
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= clientIpTimeoutSeconds;
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isReachedFromOutside(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status.loadBalancer.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
}

/** A change of type takes along what only the old type had, where the user left it as it was. */
function dropWhatTheTypeDoesNotUse(service: Draft<Service>, old: Service): void {
  const spec = service.spec ?? {};
  const before = old.spec ?? {};
  if (before.type !== 'ExternalName' && spec.type === 'ExternalName') {
    if (spec.clusterIP === before.clusterIP) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
    if (spec.internalTrafficPolicy === before.internalTrafficPolicy) delete spec.internalTrafficPolicy;
  }
  if (isReachedFromOutside(before) && !isReachedFromOutside(spec)) {
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  const hasNodePorts = (type: string | undefined) => type === 'NodePort' || type === 'LoadBalancer';
  if (hasNodePorts(before.type) && !hasNodePorts(spec.type)) {
    const ports = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) if (ports.has(port.nodePort)) delete port.nodePort;
    if (spec.healthCheckNodePort === before.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
    service.status = { loadBalancer: {} };
  }
}

function serviceRow({ metadata, spec, status }: Service, now: number): readonly Cell[] {
  const { type = '', clusterIP, clusterIPs, ports = [], selector } = spec ?? {};
  const address = clusterIPs?.[0] ?? clusterIP ?? '';
  return [
    metadata.name ?? '',
    type,
    address === '' ? '<none>' : address,
    externalText({ metadata, spec, status }),
    portsText(ports),
    ageSince(metadata.creationTimestamp, now),
    labelsText(selector),
  ];
}

function externalText({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const given = (status?.loadBalancer?.ingress ?? [])
        .map(({ ip, hostname }) => ip ?? hostname ?? '')
        .filter((each) => each !== '');
      const all = [...given, ...external];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    default:
      return external.length === 0 ? '<none>' : external.join(',');
  }
}

function portsText(ports: NonNullable<NonNullable<Service['spec']>['ports']>): string {
  if (ports.length === 0) return '<none>';
  return ports
    .map(
      ({ port, nodePort, protocol }) =>
        `${port}${nodePort === undefined || nodePort === 0 ? '' : `:${nodePort}`}/${protocol}`,
    )
    .join(',');
}
