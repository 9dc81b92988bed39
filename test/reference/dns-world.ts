import type { Namespace, Service, ServiceSpec } from '../../src/resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../src/resources/schema/discovery-v1.generated.ts';

/** The services that questions about names are put to, the same in a real Kubernetes and in the tests of our own name server. */
export const dnsNamespace = 'network-dns';

const http = { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 };
const dns = { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 };

function service(name: string, spec: ServiceSpec): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: dnsNamespace }, spec };
}

function withAddress(name: string, clusterIP: string, ports: ServiceSpec['ports']): Service {
  return service(name, { clusterIP, clusterIPs: [clusterIP], ports });
}

function slice(name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: dnsNamespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'dns', port: 5353, protocol: 'UDP' },
    ],
    endpoints,
  };
}

const ready = { ready: true, serving: true, terminating: false };

export interface DnsWorld {
  readonly namespaces: readonly Namespace[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

export const dnsWorld: DnsWorld = {
  namespaces: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: dnsNamespace } }],
  services: [
    withAddress('web', '10.97.77.10', [http, dns]),
    withAddress('plain', '10.97.77.11', [{ port: 80, protocol: 'TCP' }]),
    service('db', { clusterIP: 'None', ports: [http, dns] }),
    service('empty', { clusterIP: 'None', ports: [http] }),
    service('large', { clusterIP: 'None', ports: [http] }),
    service('outside', { type: 'ExternalName', externalName: 'example.test' }),
    service('alias', { type: 'ExternalName', externalName: `web.${dnsNamespace}.svc.cluster.local` }),
    service('chain', { type: 'ExternalName', externalName: `alias.${dnsNamespace}.svc.cluster.local` }),
    service('dangling', { type: 'ExternalName', externalName: `nope.${dnsNamespace}.svc.cluster.local` }),
  ],
  slices: [
    slice('web', [{ addresses: ['10.244.9.9'], conditions: ready }]),
    slice('db', [
      { addresses: ['10.244.9.1'], hostname: 'db-0', conditions: ready },
      { addresses: ['10.244.9.2'], hostname: 'db-1', conditions: ready },
      { addresses: ['10.244.9.3'], conditions: ready },
      { addresses: ['10.244.9.4'], hostname: 'db-3', conditions: { ready: false, serving: false, terminating: false } },
      { addresses: ['10.244.9.5'], hostname: 'db-4', conditions: { ready: false, serving: true, terminating: true } },
    ]),
    slice(
      'large',
      Array.from({ length: 60 }, (_, index) => ({ addresses: [`10.244.8.${index + 1}`], conditions: ready })),
    ),
  ],
};
