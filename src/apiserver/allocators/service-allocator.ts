import type { Reader } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Draft, KubeObject } from '../../machinery/object.ts';
import { invalidObject } from '../../machinery/status-errors.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import type { WriteHook, WriteReservation } from '../registry/extension-points.ts';
import { allocateClusterIPs } from './allocate-cluster-ips.ts';
import { allocateNodePorts } from './allocate-node-ports.ts';
import { Allocation } from './allocation.ts';
import { continueService } from './service-continuity.ts';
import { initFamilies } from './service-families.ts';
import { type ServicePoolOptions, ServicePools } from './service-pools.ts';

export interface ServiceAllocatorOptions extends ServicePoolOptions {
  /** Reads with the server's own rights: what exists is learnt at the first write. */
  readonly reader: Reader;
  readonly environment: Environment;
}

/**
 * Cluster addresses and node ports. What is taken is what the services say that are stored: it is read once, and then kept along
 * with every write, so that two writes at the same time never get the same. For one API server.
 */
export class ServiceAllocator implements WriteHook {
  readonly resource = services;
  readonly pools: ServicePools;
  readonly #reader: Reader;
  #loading: Promise<void> | undefined;

  /** Throws for ranges that are none. */
  constructor(options: ServiceAllocatorOptions) {
    this.pools = new ServicePools(options, options.environment);
    this.#reader = options.reader;
  }

  async prepare(
    object: Draft<KubeObject> | undefined,
    old: KubeObject | undefined,
    dryRun: boolean,
  ): Promise<WriteReservation | undefined> {
    await this.loaded();
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
    const { items } = await this.#reader.list(services);
    for (const service of items) for (const [pool, offset] of this.pools.placesOf(service)) pool.allocate(offset);
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
