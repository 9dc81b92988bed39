import type { Reader } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import { services } from '../../resources/schema/resource-types.generated.ts';
import { familyOf } from './address-range.ts';
import type { OffsetPool } from './offset-pool.ts';
import type { ServiceAllocator } from './service-allocator.ts';
import type { Place } from './service-pools.ts';
import { clusterAddressesOf, needsHealthCheck, nodePortsOf, specOf } from './service-spec.ts';

export interface ServiceRepairOptions {
  readonly allocator: ServiceAllocator;
  readonly reader: Reader;
  readonly recorder: EventRecorder;
  readonly environment: Environment;
  readonly logger: Logger;
}

const intervalMs = 180_000;
/** A write under way holds what no service has yet: only what is found unused so often is given back. */
const roundsBeforeRelease = 3;

/** What one address or port of a service is called, and how messages speak of it. */
interface Held {
  /** None: it lies outside of all ranges. */
  readonly places: readonly Place[];
  readonly reason: 'ClusterIP' | 'Port';
  readonly title: string;
  /** How it is called where two have it. */
  readonly sharedTitle: string;
  readonly outside: string;
}

/** Compares what is taken with what services say, every three minutes: leaks are given back, the rest is told by events. */
export class ServiceRepair {
  readonly #options: ServiceRepairOptions;
  readonly #unused = new Map<OffsetPool, Map<number, number>>();
  readonly #rounds: Rounds;

  constructor(options: ServiceRepairOptions) {
    this.#options = options;
    const { environment, logger } = options;
    this.#rounds = new Rounds({
      environment,
      intervalMs,
      round: () => this.repair(),
      failed: (err) => logger.warn('could not compare services with allocated addresses and ports', { err }),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  async repair(): Promise<void> {
    const { allocator, reader } = this.#options;
    await allocator.loaded();
    const { items } = await reader.list(services);
    const held = new Map<OffsetPool, Set<number>>();
    for (const service of items.toSorted(byAge)) {
      const own = new Map<OffsetPool, Set<number>>();
      for (const each of this.#heldBy(service)) this.#check(service, each, held, own);
      for (const [pool, offsets] of own) {
        held.set(pool, held.getOrInsertComputed(pool, () => new Set<number>()).union(offsets));
      }
    }
    const { pools } = allocator;
    const all = [...pools.addresses.map(({ pool }) => pool), pools.ports];
    for (const pool of all) this.#releaseLeaks(pool, held.get(pool) ?? new Set());
  }

  #check(
    service: Service,
    { places, reason, title, sharedTitle, outside }: Held,
    held: ReadonlyMap<OffsetPool, ReadonlySet<number>>,
    own: Map<OffsetPool, Set<number>>,
  ): void {
    if (places.length === 0) {
      this.#tell(service, `${reason}OutOfRange`, `${title} is not within ${outside}; please recreate service`);
      return;
    }
    if (places.some(([pool, offset]) => held.get(pool)?.has(offset) === true)) {
      const why = `${sharedTitle} was assigned to multiple services; please recreate service`;
      this.#tell(service, `${reason}AlreadyAllocated`, why);
      return;
    }
    let repaired = false;
    for (const [pool, offset] of places) {
      own.getOrInsertComputed(pool, () => new Set()).add(offset);
      repaired = pool.allocate(offset) || repaired;
    }
    if (repaired) this.#tell(service, `${reason}NotAllocated`, `${title} is not allocated; repairing`);
  }

  #releaseLeaks(pool: OffsetPool, held: ReadonlySet<number>): void {
    const before = this.#unused.get(pool) ?? new Map<number, number>();
    const unused = new Map<number, number>();
    for (const offset of pool.used) {
      if (held.has(offset)) continue;
      const rounds = (before.get(offset) ?? 0) + 1;
      if (rounds > roundsBeforeRelease) pool.release(offset);
      else unused.set(offset, rounds);
    }
    this.#unused.set(pool, unused);
  }

  #heldBy(service: Service): readonly Held[] {
    const { pools } = this.#options.allocator;
    const spec = specOf(service);
    const ports = [...nodePortsOf(spec), ...(needsHealthCheck(spec) ? [spec.healthCheckNodePort ?? 0] : [])];
    return [
      ...clusterAddressesOf(spec).map((address): Held => {
        const family = familyOf(address);
        return {
          places: pools.placesOfAddress(address),
          reason: 'ClusterIP',
          title: `Cluster IP [${family}]: ${address}`,
          sharedTitle: `Cluster IP [${family}]:${address}`,
          outside: 'any configured Service CIDR',
        };
      }),
      ...[...new Set(ports)].map((port): Held => {
        const place = pools.placeOfPort(port);
        return {
          places: place === undefined ? [] : [place],
          reason: 'Port',
          title: `Port ${port}`,
          sharedTitle: `Port ${port}`,
          outside: `the port range ${pools.firstPort}-${pools.lastPort}`,
        };
      }),
    ];
  }

  #tell(service: Service, reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(services, service), 'Warning', reason, message);
    const { namespace, name } = service.metadata;
    this.#options.logger.warn(message, { service: `${namespace}/${name}` });
  }
}

/** The older service keeps what two have. */
function byAge({ metadata: a }: Service, { metadata: b }: Service): number {
  return (
    (a.creationTimestamp ?? '').localeCompare(b.creationTimestamp ?? '') || (a.uid ?? '').localeCompare(b.uid ?? '')
  );
}
