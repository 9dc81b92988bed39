import { type Observations, type PressureCondition, signalFacts } from './signals.ts';
import { amountIn, type Threshold } from './thresholds.ts';

/** What a node remembers of its shortages from one look to the next. */
export interface PressureState {
  /** Acted upon the last time: they are over only when more is left than they ask for. */
  readonly met: readonly Threshold[];
  readonly firstMetAt: ReadonlyMap<Threshold, number>;
  readonly conditionSeenAt: ReadonlyMap<PressureCondition, number>;
  readonly observations: Observations;
}

export interface PressureInput {
  readonly thresholds: readonly Threshold[];
  readonly observations: Observations;
  readonly before: PressureState;
  readonly pressureTransitionMs: number;
  readonly now: number;
}

export interface PressureDecision {
  readonly state: PressureState;
  /** What the node is said to be under, in a fixed order. */
  readonly conditions: readonly PressureCondition[];
  /** Something has to be done about these, the most urgent first. */
  readonly starved: readonly Threshold[];
}

export const noPressure: PressureState = {
  met: [],
  firstMetAt: new Map(),
  conditionSeenAt: new Map(),
  observations: new Map(),
};

const conditionOrder: readonly PressureCondition[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** What a node is short of, and whether it is time to act. Pure. */
export function decidePressure({
  thresholds,
  observations,
  before,
  pressureTransitionMs,
  now,
}: PressureInput): PressureDecision {
  const unresolved = metThresholds(before.met, observations, true);
  const met = [...new Set([...metThresholds(thresholds, observations, false), ...unresolved])];
  const firstMetAt = new Map(met.map((each) => [each, before.firstMetAt.get(each) ?? now]));
  const conditionSeenAt = new Map(before.conditionSeenAt);
  for (const { signal } of met) conditionSeenAt.set(signalFacts[signal].condition, now);
  const conditions = conditionOrder.filter((condition) => {
    const seenAt = conditionSeenAt.get(condition);
    return seenAt !== undefined && now - seenAt < pressureTransitionMs;
  });
  const due = met.filter((each) => now - (firstMetAt.get(each) ?? now) >= each.graceMs);
  return {
    state: { met: due, firstMetAt, conditionSeenAt, observations },
    conditions,
    starved: due.filter(({ signal }) => isNews(observations, before.observations, signal)).sort(byUrgency),
  };
}

/** Those of which less is left than they ask for; with `reclaiming`, than they and their least reclaim ask for. */
export function metThresholds(
  thresholds: readonly Threshold[],
  observations: Observations,
  reclaiming: boolean,
): readonly Threshold[] {
  return thresholds.filter(({ signal, amount, minimumReclaim }) => {
    const observation = observations.get(signal);
    if (observation === undefined) return false;
    const { available, capacity } = observation;
    const more = reclaiming && minimumReclaim !== undefined ? amountIn(minimumReclaim, capacity) : 0;
    return available < amountIn(amount, capacity) + more;
  });
}

/** Nothing is done twice about one observation. */
function isNews(now: Observations, before: Observations, signal: Threshold['signal']): boolean {
  const last = before.get(signal);
  return last === undefined || (now.get(signal)?.at ?? 0) > last.at;
}

/** Memory goes first: the kernel does not wait. Of the rest hard thresholds before soft ones. */
function byUrgency(a: Threshold, b: Threshold): number {
  const rank = ({ signal, hard }: Threshold) => (signalFacts[signal].resource === 'memory' ? 0 : 2) + (hard ? 0 : 1);
  return rank(a) - rank(b);
}
