import type { Environment } from '../../machinery/environment/environment.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { EvictionQueue } from './eviction-queue.ts';
import { disruptionChange, type ZoneCount, type ZoneState, zoneOf, zoneState } from './zones.ts';

export interface EvictionRates {
  /** Nodes a second whose pods are made to leave, in a zone that is well; 0.1 unless given. */
  readonly evictionRate?: number | undefined;
  /** The same in a large zone that is partially disrupted; 0.01 unless given. In a small one there is no eviction then. */
  readonly secondaryEvictionRate?: number | undefined;
  /** A zone of more nodes is large; 50 unless given. */
  readonly largeZoneSize?: number | undefined;
  /** The share of ill nodes from which a zone is partially disrupted; 0.55 unless given. */
  readonly unhealthyZoneThreshold?: number | undefined;
}

/** Which nodes wait for the pods on them to be made to leave, zone by zone, and how fast that goes. */
export class ZoneEvictions {
  readonly #environment: Pick<Environment, 'monotonic'>;
  readonly #rates: Required<{ [name in keyof EvictionRates]: number }>;
  readonly #states = new Map<string, ZoneState>();
  readonly #queues = new Map<string, EvictionQueue>();
  /** The zone in whose queue a node waits: its labels may change. */
  readonly #zones = new Map<string, string>();

  constructor(environment: Pick<Environment, 'monotonic'>, rates: EvictionRates) {
    this.#environment = environment;
    this.#rates = {
      evictionRate: rates.evictionRate ?? 0.1,
      secondaryEvictionRate: rates.secondaryEvictionRate ?? 0.01,
      largeZoneSize: rates.largeZoneSize ?? 50,
      unhealthyZoneThreshold: rates.unhealthyZoneThreshold ?? 0.55,
    };
  }

  add(node: Node): void {
    const { name = '' } = node.metadata;
    const zone = zoneOf(node);
    if (this.#zones.get(name) !== zone) this.remove(name);
    this.#zones.set(name, zone);
    this.#queue(zone).add(name);
  }

  remove(name: string): void {
    const zone = this.#zones.get(name);
    if (zone === undefined) return;
    this.#zones.delete(name);
    this.#queues.get(zone)?.remove(name);
  }

  /** The next node whose time has come. */
  take(): { readonly name: string; readonly zone: string } | undefined {
    for (const [zone, queue] of this.#queues) {
      const name = queue.take();
      if (name === undefined) continue;
      this.#zones.delete(name);
      return { name, zone };
    }
    return undefined;
  }

  /** Milliseconds until `take` may answer one; undefined while waiting does not help. */
  get waitMs(): number | undefined {
    const waits = [...this.#queues.values()].flatMap(({ waitMs }) => (waitMs === undefined ? [] : [waitMs]));
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Zones that were there last time and have no nodes now. */
  gone(counts: ReadonlyMap<string, ZoneCount>): readonly string[] {
    return [...this.#states.keys()].filter((zone) => !counts.has(zone));
  }

  /**
   * Sets the pace of every zone by how its nodes are. `enter`: all zones are gone, so nobody is to leave any more; `leave`: the
   * first are back.
   */
  update(counts: ReadonlyMap<string, ZoneCount>): 'enter' | 'leave' | undefined {
    const states = new Map(
      [...counts].map(([zone, count]) => [zone, zoneState(count, this.#rates.unhealthyZoneThreshold)] as const),
    );
    const change = disruptionChange(this.#states, states);
    for (const zone of this.gone(counts)) this.#queues.delete(zone);
    this.#states.clear();
    for (const [zone, state] of states) this.#states.set(zone, state);
    if (change.type === 'enter') {
      for (const queue of this.#queues.values()) queue.setRate(0);
      return 'enter';
    }
    for (const zone of change.type === 'leave' ? states.keys() : change.changed)
      this.#queue(zone).setRate(this.#rateOf(states.get(zone) ?? 'Normal', counts.get(zone)));
    return change.type === 'leave' ? 'leave' : undefined;
  }

  #rateOf(state: ZoneState, { ready, notReady }: ZoneCount = { ready: 0, notReady: 0 }): number {
    if (state !== 'PartialDisruption') return this.#rates.evictionRate;
    return ready + notReady > this.#rates.largeZoneSize ? this.#rates.secondaryEvictionRate : 0;
  }

  #queue(zone: string): EvictionQueue {
    const known = this.#queues.get(zone);
    if (known !== undefined) return known;
    const made = new EvictionQueue(this.#environment, this.#rates.evictionRate);
    this.#queues.set(zone, made);
    return made;
  }
}
