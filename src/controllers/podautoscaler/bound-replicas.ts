import type {
  HorizontalPodAutoscalerBehavior,
  HPAScalingRules,
} from '../../resources/schema/autoscaling-v2.generated.ts';
import type { ScaleEvent, ScalingHistory } from './scaling-history.ts';

/** Why, in a condition's words. */
export interface Reason {
  readonly reason: string;
  readonly message: string;
}

export interface Bounded {
  readonly replicas: number;
  /** `AbleToScale`, which is true. */
  readonly able: Reason;
  /** `ScalingLimited`. */
  readonly limit: Reason;
  readonly isLimited: boolean;
}

export interface BoundRequest {
  readonly current: number;
  /** What metrics ask for. */
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: HorizontalPodAutoscalerBehavior | undefined;
  readonly history: Pick<ScalingHistory, 'recommendations' | 'ups' | 'downs'>;
  /** By the monotonic clock. */
  readonly nowMs: number;
}

/** How long the highest recommendation holds, unless the autoscaler says otherwise. */
const usualDownWindowSeconds = 300;

const readyForNewScale: Reason = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const scaleDownStabilized: Reason = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const scaleUpStabilized: Reason = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const withinRange: Reason = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
const tooMany: Reason = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const tooFew: Reason = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};
const scaleUpLimit: Reason = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const scaleDownLimit: Reason = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};

/** What may be done at once of what metrics ask for: recent recommendations, rates, minimum and maximum bound it. */
export function boundReplicas(request: BoundRequest): Bounded {
  const { behavior, wanted } = request;
  const stabilized = behavior === undefined ? stabilizedDown(request) : stabilizedBothWays(request, behavior);
  const { replicas, limit } =
    behavior === undefined ? plainlyLimited(request, stabilized) : rateLimited(request, behavior, stabilized);
  const held = behavior !== undefined && wanted >= request.current ? scaleUpStabilized : scaleDownStabilized;
  return {
    replicas,
    able: stabilized === wanted ? readyForNewScale : held,
    limit,
    isLimited: replicas !== stabilized,
  };
}

function stabilizedDown({ wanted, history, nowMs }: BoundRequest): number {
  const cutoffMs = nowMs - usualDownWindowSeconds * 1000;
  const recent = history.recommendations.filter(({ atMs }) => atMs >= cutoffMs);
  return Math.max(wanted, ...recent.map(({ replicas }) => replicas));
}

/** Up no further than the least, and down no further than the most that was recommended in the window of that direction. */
function stabilizedBothWays(
  { current, wanted, history, nowMs }: BoundRequest,
  { scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior,
): number {
  const within = (seconds: number) =>
    history.recommendations.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas);
  const up = Math.min(wanted, ...within(scaleUp?.stabilizationWindowSeconds ?? 0));
  const down = Math.max(wanted, ...within(scaleDown?.stabilizationWindowSeconds ?? usualDownWindowSeconds));
  return Math.min(Math.max(current, up), down);
}

interface Limited {
  readonly replicas: number;
  readonly limit: Reason;
}

/** Without rules of its own: at most twice as many pods in one step, or four. */
function plainlyLimited({ current, min, max }: BoundRequest, wanted: number): Limited {
  const most = Math.max(2 * current, 4);
  if (wanted < min) return { replicas: min, limit: tooFew };
  if (max > most && wanted > most) return { replicas: most, limit: scaleUpLimit };
  if (wanted > max) return { replicas: max, limit: tooMany };
  return { replicas: wanted, limit: withinRange };
}

function rateLimited(
  { current, min, max, history, nowMs }: BoundRequest,
  { scaleUp = {}, scaleDown = {} }: HorizontalPodAutoscalerBehavior,
  wanted: number,
): Limited {
  if (wanted > current) {
    const limit = Math.max(current, upTo(current, history, scaleUp, nowMs));
    const most = Math.min(max, limit);
    if (wanted > most) return { replicas: most, limit: max > limit ? scaleUpLimit : tooMany };
  } else if (wanted < current) {
    const limit = Math.min(current, downTo(current, history, scaleDown, nowMs));
    const least = Math.max(min, limit);
    if (wanted < least) return { replicas: least, limit: min < limit ? scaleDownLimit : tooFew };
  }
  return { replicas: wanted, limit: withinRange };
}

type Events = Pick<ScalingHistory, 'ups' | 'downs'>;

/** As many pods as there may be: each policy counts from where its period began. */
function upTo(current: number, events: Events, rules: HPAScalingRules, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposed = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const atStart = periodStart(current, events, periodSeconds, nowMs);
    // Rounded up: a tenth of one pod more is one pod more, or nothing would ever grow.
    return type === 'Pods' ? atStart + value : Math.ceil(atStart * (1 + value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.min(...proposed) : Math.max(...proposed);
}

/** As few pods as there may be; the policy that changes most is the one that leaves fewest. */
function downTo(current: number, events: Events, rules: HPAScalingRules, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposed = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const atStart = periodStart(current, events, periodSeconds, nowMs);
    return type === 'Pods' ? atStart - value : Math.trunc(atStart * (1 - value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.max(...proposed) : Math.min(...proposed);
}

function periodStart(current: number, { ups, downs }: Events, periodSeconds: number, nowMs: number): number {
  return current - changed(ups, periodSeconds, nowMs) + changed(downs, periodSeconds, nowMs);
}

function changed(events: readonly ScaleEvent[], periodSeconds: number, nowMs: number): number {
  const cutoffMs = nowMs - periodSeconds * 1000;
  return events.filter(({ atMs }) => atMs > cutoffMs).reduce((sum, { change }) => sum + change, 0);
}
