interface Stamped {
  /** By the monotonic clock. */
  readonly atMs: number;
}

/** How many pods metrics asked for. */
export interface Recommendation extends Stamped {
  readonly replicas: number;
}

/** How many pods were added, or taken away. */
export interface ScaleEvent extends Stamped {
  readonly change: number;
}

/** Nobody may look further back: what the API allows as a window, and as a policy's period. */
const longestWindowMs = 3600_000;
const longestPeriodMs = 1800_000;

/** What an autoscaler has recommended and done lately, which bounds what it does next. */
export class ScalingHistory {
  #recommendations: readonly Recommendation[] = [];
  #ups: readonly ScaleEvent[] = [];
  #downs: readonly ScaleEvent[] = [];

  get recommendations(): readonly Recommendation[] {
    return this.#recommendations;
  }

  get ups(): readonly ScaleEvent[] {
    return this.#ups;
  }

  get downs(): readonly ScaleEvent[] {
    return this.#downs;
  }

  /** One that repeats the last takes its place: in every window that had that one it stands for both. */
  recommend(replicas: number, atMs: number): void {
    const last = this.#recommendations.at(-1);
    const before = last?.replicas === replicas ? this.#recommendations.slice(0, -1) : this.#recommendations;
    this.#recommendations = [...since(before, atMs - longestWindowMs), { replicas, atMs }];
  }

  scaled(from: number, to: number, atMs: number): void {
    const event = { change: Math.abs(to - from), atMs };
    if (to > from) this.#ups = [...since(this.#ups, atMs - longestPeriodMs), event];
    else this.#downs = [...since(this.#downs, atMs - longestPeriodMs), event];
  }
}

function since<T extends Stamped>(all: readonly T[], ms: number): readonly T[] {
  return all.filter(({ atMs }) => atMs >= ms);
}
