import type { Environment } from '../../machinery/environment/environment.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import { AddressRange, type IPFamily } from './address-range.ts';
import { OffsetPool } from './offset-pool.ts';
import { clusterAddressesOf, needsHealthCheck, nodePortsOf, specOf } from './service-spec.ts';

export interface ServicePoolOptions {
  /** One range, or one for each family; the first is that of services that do not care. */
  readonly clusterIPRanges: readonly string[];
  /** First and last; 30000 to 32767 unless given. */
  readonly nodePorts?: readonly [first: number, last: number];
}

interface AddressPool {
  readonly cidr: string;
  readonly range: AddressRange;
  readonly pool: OffsetPool;
}

/** A number of a pool, for one address or one port of a service. */
export type Place = readonly [pool: OffsetPool, offset: number];

/** The addresses and ports that services of this cluster can have, and which of them are taken. */
export class ServicePools {
  readonly families: readonly IPFamily[];
  readonly ports: OffsetPool;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly #addresses: ReadonlyMap<IPFamily, AddressPool>;

  /** Throws for ranges that are none, or two of one family. */
  constructor(options: ServicePoolOptions, environment: Pick<Environment, 'random'>) {
    const pools = options.clusterIPRanges.map((cidr): AddressPool => {
      const range = new AddressRange(cidr);
      return { cidr, range, pool: new OffsetPool(range.size, reservedAddresses(range.size), environment) };
    });
    this.#addresses = new Map(pools.map((each) => [each.range.family, each]));
    this.families = [...this.#addresses.keys()];
    if (pools.length === 0 || this.families.length < pools.length) {
      throw new Error(`service ranges must be one, or one of each family: ${options.clusterIPRanges.join(', ')}`);
    }
    [this.firstPort, this.lastPort] = options.nodePorts ?? [30000, 32767];
    const portCount = this.lastPort - this.firstPort + 1;
    this.ports = new OffsetPool(portCount, reservedPorts(portCount), environment);
  }

  address(family: IPFamily): AddressPool | undefined {
    return this.#addresses.get(family);
  }

  /** Where an address lies; undefined outside of all ranges. */
  placeOf(address: string): Place | undefined {
    for (const { range, pool } of this.#addresses.values()) {
      const offset = range.offsetOf(address);
      if (offset !== undefined) return [pool, offset];
    }
    return undefined;
  }

  placeOfPort(port: number): Place | undefined {
    return port >= this.firstPort && port <= this.lastPort ? [this.ports, port - this.firstPort] : undefined;
  }

  /** All that a service holds; what lies outside the ranges is not there. */
  placesOf(service: Service): readonly Place[] {
    const spec = specOf(service);
    const ports = [...nodePortsOf(spec), ...(needsHealthCheck(spec) ? [spec.healthCheckNodePort ?? 0] : [])];
    return [
      ...clusterAddressesOf(spec).map((address) => this.placeOf(address)),
      ...new Set(ports).values().map((port) => this.placeOfPort(port)),
    ].filter((place) => place !== undefined);
  }
}

/** The lower band is for those who choose an address: a sixteenth, from 16 to 256 addresses (KEP-3070). */
function reservedAddresses(size: number): number {
  return size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256);
}

/** The same for ports: a thirty-second, from 16 to 128 (KEP-3668). */
function reservedPorts(size: number): number {
  return size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128);
}
