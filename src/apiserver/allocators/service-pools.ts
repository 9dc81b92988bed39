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
  /** Whether somebody else than services has an address, as an IPAddress says. Absent: nobody has. */
  readonly isElsewhere?: (address: string) => boolean;
}

interface AddressPool {
  readonly cidr: string;
  readonly range: AddressRange;
  readonly pool: OffsetPool;
  /** Whether addresses of it may be given out. */
  open: boolean;
  /** Whether all that is taken in it is known. */
  known: boolean;
}

/** A number of a pool, for one address or one port of a service. */
export type Place = readonly [pool: OffsetPool, offset: number];

/**
 * The addresses and ports that services of this cluster can have, and which of them are taken. Ranges may lie within each other: an
 * address is taken in all that it lies in.
 */
export class ServicePools {
  readonly families: readonly IPFamily[];
  readonly ports: OffsetPool;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly isElsewhere: (address: string) => boolean;
  readonly #environment: Pick<Environment, 'random'>;
  readonly #addresses = new Map<string, AddressPool>();

  /** Throws for ranges that are none, or two of one family. */
  constructor(options: ServicePoolOptions, environment: Pick<Environment, 'random'>) {
    this.#environment = environment;
    this.isElsewhere = options.isElsewhere ?? (() => false);
    this.families = options.clusterIPRanges.map((cidr) => new AddressRange(cidr).family);
    if (this.families.length === 0 || new Set(this.families).size < this.families.length) {
      throw new Error(`service ranges must be one, or one of each family: ${options.clusterIPRanges.join(', ')}`);
    }
    for (const cidr of options.clusterIPRanges) this.#add(cidr, true);
    [this.firstPort, this.lastPort] = options.nodePorts ?? [30000, 32767];
    const portCount = this.lastPort - this.firstPort + 1;
    this.ports = new OffsetPool(portCount, reservedPorts(portCount), environment);
  }

  /** Every range, in the order in which they came. */
  get addresses(): readonly AddressPool[] {
    return [...this.#addresses.values()];
  }

  /** Opens these ranges and closes the others, of which those that are `gone` are forgotten. Answers ranges of which it is unknown what is taken. */
  follow(open: ReadonlySet<string>, gone: (cidr: string) => boolean): readonly AddressPool[] {
    for (const each of this.addresses) {
      if (gone(each.cidr)) this.#addresses.delete(each.cidr);
      else each.open = open.has(each.cidr);
    }
    for (const cidr of open) if (!this.#addresses.has(cidr)) this.#add(cidr, false);
    return this.addresses.filter(({ known }) => !known);
  }

  /** Ranges from which services of a family get addresses now. */
  openOf(family: IPFamily): readonly AddressPool[] {
    return this.addresses.filter(({ open, known, range }) => open && known && range.family === family);
  }

  /** Where an address lies; nowhere outside of all ranges. */
  placesOfAddress(address: string): readonly Place[] {
    return this.addresses.flatMap(({ range, pool }): readonly Place[] => {
      const offset = range.offsetOf(address);
      return offset === undefined ? [] : [[pool, offset]];
    });
  }

  /** Whether an address lies in a range that is open. */
  isOpen(address: string): boolean {
    return this.addresses.some(({ open, known, range }) => open && known && range.offsetOf(address) !== undefined);
  }

  placeOfPort(port: number): Place | undefined {
    return port >= this.firstPort && port <= this.lastPort ? [this.ports, port - this.firstPort] : undefined;
  }

  /** All that a service holds; what lies outside the ranges is not there. */
  placesOf(service: Service): readonly Place[] {
    const spec = specOf(service);
    const ports = [...nodePortsOf(spec), ...(needsHealthCheck(spec) ? [spec.healthCheckNodePort ?? 0] : [])];
    return [
      ...clusterAddressesOf(spec).flatMap((address) => this.placesOfAddress(address)),
      ...[...new Set(ports)].map((port) => this.placeOfPort(port)).filter((place) => place !== undefined),
    ];
  }

  /** A range of a family that services do not have here, or without an address to give, is left out. */
  #add(cidr: string, known: boolean): void {
    if (!AddressRange.holdsAddresses(cidr)) return;
    const range = new AddressRange(cidr);
    if (!this.families.includes(range.family)) return;
    const pool = new OffsetPool(range.size, reservedAddresses(range.size), this.#environment);
    for (const other of this.#addresses.values())
      for (const offset of other.pool.used) {
        const here = range.offsetOf(other.range.at(offset));
        if (here !== undefined) pool.allocate(here);
      }
    this.#addresses.set(cidr, { cidr, range, pool, open: true, known });
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
