import { parseQuantity, scaledValue } from '../../machinery/quantity.ts';
import { parseTime } from '../../machinery/time.ts';
import { podRequests } from '../../resources/core/scheduling/pod-requests.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { podCondition } from '../runtime/pods.ts';
import type { PodMetric } from './pod-metrics.ts';

/** How far usage may be from its target, as a share of it, before anything is done. */
export interface Tolerances {
  readonly scaleDown: number;
  readonly scaleUp: number;
}

export interface UsageSnapshot {
  /** As the target's scale says. */
  readonly currentReplicas: number;
  readonly resource: string;
  /** Empty: of all containers together. */
  readonly container: string;
  readonly tolerances: Tolerances;
  /** All that the target selects. */
  readonly pods: readonly Pod[];
  /** By name of pod. */
  readonly metrics: ReadonlyMap<string, PodMetric>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Proposal {
  readonly replicas: number;
  /** Thousandths of a unit, for one pod on average. */
  readonly averageValue: bigint;
  /** Of what is requested, percent. Absent where the target is an amount. */
  readonly utilization?: number;
}

/** A pod that has just begun uses CPU that says nothing of its load. */
const cpuInitializationMs = 5 * 60_000;
/** A pod that became unready within this after its start has never been ready, however it is counted. */
const initialReadinessDelayMs = 30_000;

/** How many pods would use `targetUtilization` percent of what they request. Throws an Error in the words of Kubernetes. */
export function replicasForUtilization(snapshot: UsageSnapshot, targetUtilization: number): Proposal {
  const requests = new Map<string, bigint>();
  const grouped = measured(snapshot);
  for (const pod of snapshot.pods) requests.set(pod.metadata.name ?? '', requestOf(pod, snapshot));
  const usageOf = (values: ReadonlyMap<string, bigint>): Usage => utilizationOf(values, requests, targetUtilization);
  // A missing pod uses all it requested when that argues for keeping pods, or the target where that is even more.
  const fallback = BigInt(Math.max(100, targetUtilization));
  const { replicas, usage } = decide(
    snapshot,
    grouped,
    usageOf,
    (name) => ((requests.get(name) ?? 0n) * fallback) / 100n,
  );
  const { averageValue, utilization = 0 } = usage;
  return { replicas, averageValue, utilization };
}

/** How many pods would use `target` thousandths of a unit each. Throws an Error in the words of Kubernetes. */
export function replicasForAverageValue(snapshot: UsageSnapshot, target: bigint): Proposal {
  const usageOf = (values: ReadonlyMap<string, bigint>): Usage => {
    const averageValue = total(values.values()) / BigInt(values.size);
    return { ratio: Number(averageValue) / Number(target), averageValue };
  };
  const { replicas, usage } = decide(snapshot, measured(snapshot), usageOf, () => target);
  return { replicas, averageValue: usage.averageValue };
}

interface Usage {
  /** Of what is used to what is wanted. */
  readonly ratio: number;
  readonly averageValue: bigint;
  readonly utilization?: number;
}

function utilizationOf(
  values: ReadonlyMap<string, bigint>,
  requests: ReadonlyMap<string, bigint>,
  targetUtilization: number,
): Usage {
  const known = [...values].filter(([name]) => requests.has(name));
  const used = total(known.map(([, value]) => value));
  const requested = total(known.map(([name]) => requests.get(name) ?? 0n));
  if (requested === 0n) throw new Error('no metrics returned matched known pods');
  const utilization = Number((used * 100n) / requested);
  return { ratio: utilization / targetUtilization, averageValue: used / BigInt(known.length), utilization };
}

function total(values: Iterable<bigint>): bigint {
  let sum = 0n;
  for (const value of values) sum += value;
  return sum;
}

interface Measured {
  /** What the pods use that count. */
  readonly values: ReadonlyMap<string, bigint>;
  readonly ready: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
}

/** Tells pods that count from those whose usage says nothing yet, and those of which nothing is known. */
function measured({ pods, metrics, resource, now }: UsageSnapshot): Measured {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const values = new Map([...metrics].map(([name, { value }]) => [name, value]));
  const unready = new Set<string>();
  const missing = new Set<string>();
  let ready = 0;
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata;
    const phase = pod.status?.phase;
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || phase === 'Failed') values.delete(name);
    else if (phase === 'Pending') unready.add(name);
    else if (metric === undefined) missing.add(name);
    else if (resource === 'cpu' && isCpuUnready(pod, metric, now)) unready.add(name);
    else ready++;
  }
  for (const name of unready) values.delete(name);
  if (values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return { values, ready, unready, missing };
}

function isCpuUnready(pod: Pod, metric: PodMetric, now: number): boolean {
  const ready = podCondition(pod, 'Ready');
  const startedAt = parseTime(pod.status?.startTime);
  if (ready === undefined || startedAt === undefined) return true;
  const changedAt = parseTime(ready.lastTransitionTime) ?? 0;
  const isUnready = ready.status === 'False';
  // Not measured for a whole window since it became ready.
  if (startedAt + cpuInitializationMs > now) return isUnready || metric.timestamp < changedAt + metric.windowMs;
  return isUnready && startedAt + initialReadinessDelayMs > changedAt;
}

/**
 * The ratio of what is used to what is wanted decides. Pods of which nothing is known are then taken to argue against it, and pods
 * that are not ready to use nothing: if that turns the decision around, nothing is done.
 */
function decide(
  { currentReplicas, tolerances }: UsageSnapshot,
  { values, ready, unready, missing }: Measured,
  usageOf: (values: ReadonlyMap<string, bigint>) => Usage,
  fallbackOf: (name: string) => bigint,
): { readonly replicas: number; readonly usage: Usage } {
  const usage = usageOf(values);
  const { ratio } = usage;
  const stay = { replicas: currentReplicas, usage };
  const scalesUpWithUnready = unready.size > 0 && ratio > 1;
  if (!scalesUpWithUnready && missing.size === 0)
    return isWithin(ratio, tolerances) ? stay : { replicas: Math.ceil(ratio * ready), usage };
  const assumed = new Map(values);
  if (ratio < 1) for (const name of missing) assumed.set(name, fallbackOf(name));
  if (ratio > 1) for (const name of missing) assumed.set(name, 0n);
  if (scalesUpWithUnready) for (const name of unready) assumed.set(name, 0n);
  const { ratio: assumedRatio } = usageOf(assumed);
  if (isWithin(assumedRatio, tolerances) || (ratio < 1 && assumedRatio > 1) || (ratio > 1 && assumedRatio < 1))
    return stay;
  const replicas = Math.ceil(assumedRatio * assumed.size);
  const turnsAround =
    (assumedRatio < 1 && replicas > currentReplicas) || (assumedRatio > 1 && replicas < currentReplicas);
  return turnsAround ? stay : { replicas, usage };
}

function isWithin(ratio: number, { scaleDown, scaleUp }: Tolerances): boolean {
  return 1 - scaleDown <= ratio && ratio <= 1 + scaleUp;
}

/** Resources that a pod can ask for as a whole (KEP-2837). */
const podLevelResources = (name: string) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/** Thousandths of a unit that a pod, or one container of it, requests. */
function requestOf(pod: Pod, { container, resource }: UsageSnapshot): bigint {
  const { name } = pod.metadata;
  const { containers = [], initContainers = [], resources } = pod.spec ?? {};
  if (container === '' && Object.keys(resources?.requests ?? {}).some(podLevelResources)) {
    const request = podRequests(pod)[resource];
    if (request === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return resource === 'cpu' ? BigInt(request) : 1000n * BigInt(request);
  }
  const lasting = [...containers, ...initContainers.filter((each) => each.restartPolicy === 'Always')];
  const asked = container === '' ? lasting : lasting.filter((each) => each.name === container);
  if (container !== '' && asked.length === 0) throw new Error(`container ${container} not found in Pod ${name}`);
  return total(
    asked.map((each) => {
      const request = each.resources?.requests?.[resource];
      if (request === undefined)
        throw new Error(`missing request for ${resource} in container ${each.name} of Pod ${name}`);
      return scaledValue(parseQuantity(request), -3);
    }),
  );
}
