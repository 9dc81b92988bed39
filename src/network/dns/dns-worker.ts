import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { followingBackOff } from '../../client/back-off.ts';
import { connect, followingPatienceMs } from '../../client/https/connect.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import { clusterConnection } from '../../client/kubeconfig/cluster-connection.ts';
import { knownServers } from '../../client/kubeconfig/known-servers.ts';
import { readKubeconfig } from '../../client/kubeconfig/kubeconfig-file.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import { silentLogger } from '../../machinery/log.ts';
import { silentMetrics } from '../../machinery/metrics.ts';
import type { Namespace, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, namespaces, services } from '../../resources/schema/resource-types.generated.ts';
import type { UpstreamServer } from './datagram-exchange.ts';
import { DnsServer } from './dns-server.ts';
import type { DnsSettings, DnsThreadMessage } from './dns-thread.ts';
import { parseResolvConf, upstreamServers } from './resolv-conf.ts';
import { Upstream } from './upstream.ts';
import { Zone } from './zone.ts';

/** The thread that answers names: its own connection to the API, its own copy of what it needs of it. */
async function main(): Promise<void> {
  const settings = workerData as DnsSettings;
  const environment = new RealEnvironment();
  const connection = clusterConnection(environment, readKubeconfig(settings.kubeconfig));
  const { client } = connect(environment, connection, {
    userAgent: 'stuurman-dns',
    servers: knownServers(environment, settings.kubeconfig),
    patienceMs: followingPatienceMs,
  });
  const informers = createInformerFactory({
    client,
    environment,
    logger: silentLogger,
    backOff: followingBackOff,
  });
  const zone = new Zone({
    domain: settings.domain,
    namespaces: informers.informer(namespaces, { projection: namespaceNames }),
    services: informers.informer(services, {
      projection: serviceParts,
      indexes: { clusterIp: ({ spec }) => spec?.clusterIPs ?? [] },
    }),
    slices: informers.informer(endpointSlices, {
      projection: sliceParts,
      indexes: {
        service: ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.['kubernetes.io/service-name']}`],
        address: ({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses),
      },
    }),
  });
  const upstream = new Upstream({ environment, servers: machineServers(settings) });
  const { address, port } = settings;
  const ready = informers.synced();
  const server = new DnsServer({ environment, zone, ready, upstream, metrics: silentMetrics, address, port });
  tell({ listening: await server.start() });
}

function namespaceNames({ metadata: { name, resourceVersion, uid } }: Namespace): Namespace {
  return { metadata: { name, resourceVersion, uid } };
}

function serviceParts({ metadata: { name, namespace, resourceVersion, uid }, spec }: Service): Service {
  return {
    metadata: { name, namespace, resourceVersion, uid },
    spec: {
      type: spec?.type,
      clusterIP: spec?.clusterIP,
      clusterIPs: spec?.clusterIPs,
      externalName: spec?.externalName,
      ports: spec?.ports,
    },
  };
}

function sliceParts({
  metadata: { name, namespace, resourceVersion, uid, labels },
  addressType,
  ports,
  endpoints,
}: EndpointSlice): EndpointSlice {
  return {
    metadata: { name, namespace, resourceVersion, uid, labels },
    addressType,
    ports,
    endpoints: endpoints?.map(({ addresses, hostname, conditions }) => ({ addresses, hostname, conditions })),
  };
}

const rereadMs = 5_000;

/** The machine's resolvers, looked up again every few seconds at the most. */
function machineServers({ resolvConf, address }: DnsSettings): () => readonly UpstreamServer[] {
  const environment = new RealEnvironment();
  let servers: readonly UpstreamServer[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (environment.monotonic() - readAt > rereadMs) {
      readAt = environment.monotonic();
      try {
        servers = upstreamServers(parseResolvConf(readFileSync(resolvConf, 'utf8')), address);
      } catch {
        // A machine without the file has no resolvers; those known before are kept.
      }
    }
    return servers;
  };
}

function tell(message: DnsThreadMessage): void {
  parentPort?.postMessage(message);
}

main().catch((error: unknown) => {
  tell({ failed: error instanceof Error ? error.message : String(error) });
  process.exit(1);
});
