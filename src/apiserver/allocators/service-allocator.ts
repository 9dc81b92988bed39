import type { Reader } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { invalidObject } from '../../machinery/status-errors.ts';
import { isServiceAddress } from '../../resources/networking/ip-address.ts';
import { isReadyServiceCIDR } from '../../resources/networking/service-cidr.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { IPAddress, ServiceCIDR } from '../../resources/schema/networking-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import type { WriteHook, WriteReservation } from '../registry/extension-points.ts';
import { allocateClusterIPs } from './allocate-cluster-ips.ts';
import { allocateNodePorts } from './allocate-node-ports.ts';
import { Allocation } from './allocation.ts';
import { continueService } from './service-continuity.ts';
import { initFamilies } from './service-families.ts';
import { type ServicePoolOptions, ServicePools } from './service-pools.ts';

export interface ServiceAllocatorOptions extends Omit<ServicePoolOptions, 'isElsewhere'> {
  /** Reads with the server's own rights: what exists is learnt at the first write. */
  readonly reader: Reader;
  readonly environment: Environment;
  /** Further ranges. Absent: there are none. */
  readonly serviceCIDRs?: Pick<Informer<ServiceCIDR>, 'list'>;
  /** Addresses that somebody else may have. Absent: nobody has. */
  readonly ipAddresses?: Pick<Informer<IPAddress>, 'get'>;
}

/**
 * Cluster addresses and node ports. What is taken is what the services say that are stored: it is read once, and then kept along
 * with every write, so that two writes at the same time never get the same. For one API server.
 */
export class ServiceAllocator implements WriteHook {
  readonly resource = services;
  readonly pools: ServicePools;
  readonly #options: ServiceAllocatorOptions;
  #loading: Promise<void> | undefined;

  /** Throws for ranges that are none. */
  constructor(options: ServiceAllocatorOptions) {
    const isElsewhere = (address: string): boolean => {
      const taken = options.ipAddresses?.get(address);
      return taken !== undefined && !isServiceAddress(taken);
    };
    this.pools = new ServicePools({ ...options, isElsewhere }, options.environment);
    this.#options = options;
  }

  async prepare(
    object: Draft<KubeObject> | undefined,
    old: KubeObject | undefined,
    dryRun: boolean,
  ): Promise<WriteReservation | undefined> {
    await this.loaded();
    await this.#followRanges();
    const allocation = new Allocation(dryRun);
    if (object === undefined) {
      for (const place of old === undefined ? [] : this.pools.placesOf(old as Service))
        allocation.releaseLater(...place);
      return allocation;
    }
    try {
      this.#allocate(object as Draft<Service>, old as Service | undefined, allocation);
      return allocation;
    } catch (error) {
      allocation.rollback();
      throw error;
    }
  }

  /** Resolves when all that exists is known; asked again after it failed. */
  loaded(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { items } = await this.#options.reader.list(services);
    for (const service of items) for (const [pool, offset] of this.pools.placesOf(service)) pool.allocate(offset);
  }

  /** Ranges of ServiceCIDRs that are ready, and those that the server was started with unless their ServiceCIDR is on its way out. */
  async #followRanges(): Promise<void> {
    const { serviceCIDRs, clusterIPRanges } = this.#options;
    if (serviceCIDRs === undefined) return;
    const own = new Set(clusterIPRanges);
    const named = new Set<string>();
    const open = new Set<string>();
    for (const each of serviceCIDRs.list())
      for (const cidr of each.spec?.cidrs ?? []) {
        named.add(cidr);
        const leaves = each.metadata.deletionTimestamp !== undefined;
        if (!leaves && (own.has(cidr) || isReadyServiceCIDR(each))) open.add(cidr);
      }
    for (const cidr of own) if (!named.has(cidr)) open.add(cidr);
    const unknown = this.pools.follow(open, (cidr) => !named.has(cidr) && !own.has(cidr));
    if (unknown.length === 0) return;
    await this.#load();
    for (const each of unknown) each.known = true;
  }

  #allocate(service: Draft<Service>, old: Service | undefined, allocation: Allocation): void {
    service.spec ??= {};
    const { spec } = service;
    continueService(spec, old);
    const errors = initFamilies(spec, old, this.pools.families);
    if (errors.length > 0) throw invalidObject({ group: '', kind: 'Service' }, service.metadata.name ?? '', errors);
    allocateClusterIPs(service, spec, old, this.pools, allocation);
    allocateNodePorts(service, spec, old, this.pools, allocation);
  }
}
