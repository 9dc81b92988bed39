import type { Reader, Writer } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import type { Endpoints, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, endpoints, services } from '../../resources/schema/resource-types.generated.ts';
import { isLostRace } from './lost-race.ts';

export interface KubernetesServiceOptions {
  readonly client: Reader & Writer;
  readonly environment: Environment;
  readonly logger: Logger;
  /** The first address of the service range. */
  readonly clusterIP: string;
  /** Where pods reach this server: its address on the machine, IPv4 or IPv6. A loopback address has no endpoints. */
  readonly address: string;
  readonly port: number;
}

const key = { namespace: 'default', name: 'kubernetes' } as const;
const intervalMs = 10_000;
const options = { fieldManager: 'kube-apiserver' } as const;

/**
 * Keeps the Service `kubernetes` and its endpoints as they must be for pods to find the API server: at the start, and every ten
 * seconds, for somebody may delete them.
 */
export class KubernetesService {
  readonly #options: KubernetesServiceOptions;
  readonly #rounds: Rounds;
  #address: string;

  constructor(kubernetesServiceOptions: KubernetesServiceOptions) {
    this.#options = kubernetesServiceOptions;
    this.#address = kubernetesServiceOptions.address;
    const { environment, logger } = kubernetesServiceOptions;
    this.#rounds = new Rounds({
      environment,
      intervalMs,
      round: () => this.reconcile(),
      failed: (err) => logger.warn('could not reconcile the service of the API server', { err }),
    });
  }

  /** Leads to another address of the server from here on. */
  async moveTo(address: string): Promise<void> {
    this.#address = address;
    await this.reconcile();
  }

  /** Resolves when all three objects are as they should be. */
  async start(): Promise<void> {
    await this.reconcile();
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  async reconcile(): Promise<void> {
    await this.#ensure(services, this.#service(), repairService);
    // A server that listens for its own machine alone is not reached from pods, and the API refuses such endpoints.
    if (isLoopback(this.#address)) return;
    await this.#ensure(endpoints, this.#endpoints(), repairEndpoints);
    await this.#ensure(endpointSlices, this.#slice(), repairSlice);
  }

  async #ensure<T extends KubeObject>(
    type: ResourceType<T>,
    wanted: T,
    repair: (object: Draft<T>, wanted: T) => Repair,
  ): Promise<void> {
    const { client } = this.#options;
    const { items } = await client.list(type, { namespace: key.namespace, fieldSelector: `metadata.name=${key.name}` });
    const [existing] = items;
    try {
      const changed = existing === undefined ? undefined : draft(existing);
      const repaired = changed === undefined ? 'recreate' : repair(changed, wanted);
      if (repaired === 'update') await client.update(type, changed as T, options);
      if (repaired !== 'recreate') return;
      if (existing !== undefined) await client.delete(type, key);
      await client.create(type, wanted, options);
    } catch (error) {
      if (!isLostRace(error)) throw error;
    }
  }

  #service(): Service {
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...key, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        clusterIP: this.#options.clusterIP,
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: this.#options.port }],
        sessionAffinity: 'None',
        type: 'ClusterIP',
        ipFamilyPolicy: 'SingleStack',
      },
    };
  }

  #endpoints(): Endpoints {
    const { port } = this.#options;
    return {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...key, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: this.#address }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
    };
  }

  #slice(): EndpointSlice {
    const { port } = this.#options;
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...key, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: this.#address.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: [{ addresses: [this.#address], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    };
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

type Repair = 'good' | 'update' | 'recreate';

/** The cluster address is left: it is fixed once given. */
function repairService(service: Draft<Service>, wanted: Service): Repair {
  const { spec } = service;
  const [port] = spec?.ports ?? [];
  const [wantedPort] = wanted.spec?.ports ?? [];
  const good =
    spec?.type === 'ClusterIP' &&
    spec.ports?.length === 1 &&
    port?.name === wantedPort?.name &&
    port?.port === wantedPort?.port &&
    port?.targetPort === wantedPort?.targetPort &&
    (port?.protocol ?? 'TCP') === 'TCP';
  if (good) return 'good';
  service.spec = { ...spec, type: 'ClusterIP', ports: draft(wanted.spec?.ports ?? []) };
  return 'update';
}

function repairEndpoints(object: Draft<Endpoints>, wanted: Endpoints): Repair {
  const label = 'endpointslice.kubernetes.io/skip-mirror';
  const [subset, ...others] = object.subsets ?? [];
  const [wantedSubset] = wanted.subsets ?? [];
  const good =
    others.length === 0 &&
    object.metadata.labels?.[label] === 'true' &&
    samePorts(subset?.ports, wantedSubset?.ports) &&
    subset?.addresses?.length === 1 &&
    subset.addresses[0]?.ip === wantedSubset?.addresses?.[0]?.ip;
  if (good) return 'good';
  object.subsets = draft(wanted.subsets ?? []);
  object.metadata.labels = { ...object.metadata.labels, [label]: 'true' };
  return 'update';
}

function repairSlice(slice: Draft<EndpointSlice>, wanted: EndpointSlice): Repair {
  const label = 'kubernetes.io/service-name';
  if (slice.addressType !== wanted.addressType) return 'recreate';
  const [endpoint, ...others] = slice.endpoints ?? [];
  const good =
    others.length === 0 &&
    slice.metadata.labels?.[label] === key.name &&
    samePorts(slice.ports ?? [], wanted.ports ?? []) &&
    endpoint?.addresses.length === 1 &&
    endpoint.addresses[0] === wanted.endpoints?.[0]?.addresses[0] &&
    endpoint.conditions?.ready === true;
  if (good) return 'good';
  slice.endpoints = draft(wanted.endpoints ?? []);
  slice.ports = draft(wanted.ports ?? []);
  slice.metadata.labels = { ...slice.metadata.labels, [label]: key.name };
  return 'update';
}

interface Port {
  readonly name?: string | undefined;
  readonly port?: number | undefined;
  readonly protocol?: string | undefined;
}

function samePorts(a: readonly Port[] = [], b: readonly Port[] = []): boolean {
  return (
    a.length === b.length &&
    a.every(
      (port, index) =>
        port.name === b[index]?.name && port.port === b[index]?.port && port.protocol === b[index]?.protocol,
    )
  );
}
