import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { Node, Service } from '../../resources/schema/core-v1.generated.ts';
import type { Endpoint, EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, nodes, services } from '../../resources/schema/resource-types.generated.ts';
import { serviceInformer } from '../endpoints/service-watches.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { nodeInformer, withoutManagedFields } from '../runtime/projections.ts';

export interface ClusterDnsOptions {
  readonly clusterIp: string;
  /** Where the name server of each node listens, on the first address of the node's pod range. */
  readonly port: number;
}

const namespace = 'kube-system';
const name = 'kube-dns';
const key = `${namespace}/${name}`;

/**
 * Keeps the Service `kube-dns`. Every node has a name server of its own, so its endpoints are the nodes themselves, and traffic
 * stays on the node it comes from.
 */
export function clusterDnsController({ client, informers }: ControllerContext, options: ClusterDnsOptions): Controller {
  const allNodes: Informer<Node> = informers.informer(nodes, nodeInformer);
  const allServices: Informer<Service> = informers.informer(services, serviceInformer);
  const allSlices: Informer<EndpointSlice> = informers.informer(endpointSlices, {
    projection: withoutManagedFields<EndpointSlice>,
  });
  const ifOurs = ({
    object,
  }: {
    object: { metadata: { namespace?: string | undefined; name?: string | undefined } };
  }) => (object.metadata.namespace === namespace && object.metadata.name === name ? [key] : []);
  return {
    name: 'cluster-dns',
    concurrency: 1,
    initialKeys: [key],
    watches: [watching(allNodes, () => [key]), watching(allServices, ifOurs), watching(allSlices, ifOurs)],
    async reconcile(_key, signal) {
      if (allServices.get(name, namespace) === undefined) {
        await client.create(services, service(options), { signal }).catch(ignoreExisting);
      }
      const endpoints = [...allNodes.list()]
        .flatMap(endpointOf)
        .sort((a, b) => ((a.nodeName ?? '') < (b.nodeName ?? '') ? -1 : 1));
      const current = allSlices.get(name, namespace);
      if (current === undefined)
        await client.create(endpointSlices, slice(options, endpoints), { signal }).catch(ignoreExisting);
      else if (!equal(current.endpoints ?? [], endpoints))
        await client.update(endpointSlices, { ...current, endpoints }, { signal });
      return undefined;
    },
  };
}

function service({ clusterIp, port }: ClusterDnsOptions): Service {
  const targetPort = port;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      namespace,
      name,
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      clusterIP: clusterIp,
      internalTrafficPolicy: 'Local',
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort },
      ],
    },
  };
}

function slice({ port }: ClusterDnsOptions, endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name,
      labels: {
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'cluster-dns.stuurman.dev',
      },
    },
    addressType: 'IPv4',
    ports: [
      { name: 'dns', port, protocol: 'UDP' },
      { name: 'dns-tcp', port, protocol: 'TCP' },
    ],
    endpoints,
  };
}

/** A node whose containers are simulated has no name server, and nobody who could ask one. */
function endpointOf({ metadata, spec }: Node): readonly Endpoint[] {
  const first = spec?.podCIDR?.replace(/\.\d+\/\d+$/, '.1');
  if (first === undefined || metadata.labels?.['stuurman.dev/runtime'] === 'simulated') return [];
  return [
    { addresses: [first], conditions: { ready: true, serving: true, terminating: false }, nodeName: metadata.name },
  ];
}

function ignoreExisting(error: unknown): void {
  if (!isReason(error, 'AlreadyExists')) throw error;
}
