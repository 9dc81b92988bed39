import type { ResourceUsage } from '../host/host.ts';

interface Sample {
  readonly timestamp: number;
  readonly nanoSeconds: number;
  readonly rate: number | undefined;
}

/** Samples closer together than this say little. */
const leastIntervalMs = 1000;
/** What nobody has asked about for this long is forgotten. */
const keptMs = 10 * 60_000;

/** How many cores something uses, from what it has used in all at two moments. */
export class UsageRates {
  readonly #samples = new Map<string, Sample>();

  /** Billionths of a core; undefined before the second sample. */
  rate(id: string, { timestamp, cpuUsageCoreNanoSeconds: nanoSeconds }: ResourceUsage): number | undefined {
    const before = this.#samples.get(id);
    if (before !== undefined && timestamp - before.timestamp < leastIntervalMs) return before.rate;
    const elapsedNs = before === undefined ? 0 : (timestamp - before.timestamp) * 1e6;
    const used = before === undefined ? 0 : nanoSeconds - before.nanoSeconds;
    // A counter that goes back belongs to something that has begun anew.
    const rate = elapsedNs > 0 && used >= 0 ? Math.round((used / elapsedNs) * 1e9) : undefined;
    this.#samples.set(id, { timestamp, nanoSeconds, rate });
    return rate;
  }

  /** Forgets what is no more. */
  forget(now: number): void {
    for (const [id, { timestamp }] of this.#samples) if (now - timestamp > keptMs) this.#samples.delete(id);
  }
}
