import type { Service, ServiceSpec } from '../../schema/core-v1.generated.ts';
import { ipWarnings } from '../../validation/address-warnings.ts';

export function serviceWarnings({ spec = {} }: Service): readonly string[] {
  if (spec.type === 'ExternalName') return [];
  const lines = spec.clusterIP === 'None' ? headlessWarnings(spec) : addressWarnings(spec);
  const distribution =
    spec.trafficDistribution === 'PreferClose'
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : [];
  return [...lines, ...distribution];
}

function headlessWarnings({ loadBalancerIP, externalIPs = [], sessionAffinity }: ServiceSpec): readonly string[] {
  return [
    ...(loadBalancerIP ? ['spec.loadBalancerIP is ignored for headless services'] : []),
    ...(externalIPs.length > 0 ? ['spec.externalIPs is ignored for headless services'] : []),
    ...(sessionAffinity !== 'None' ? ['spec.SessionAffinity is ignored for headless services'] : []),
  ];
}

function addressWarnings({ loadBalancerIP, externalIPs = [] }: ServiceSpec): readonly string[] {
  return [
    ...(externalIPs.length > 0
      ? ['spec.externalIPs is deprecated and may no longer be implemented in some clusters']
      : []),
    ...(loadBalancerIP ? ipWarnings('spec.loadBalancerIP', loadBalancerIP) : []),
  ];
}
