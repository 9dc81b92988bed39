import { findCondition } from '../../machinery/conditions.ts';
import type { Gauge, Histogram } from '../../machinery/metrics.ts';
import { parseTime } from '../../machinery/time.ts';
import type { ContainerStateTerminated, Pod, Volume } from '../../resources/schema/core-v1.generated.ts';
import type { KubeletFamilies } from './kubelet-families.ts';

export const podStartSeconds: readonly number[] = [
  0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
];

interface Start {
  measured: boolean;
  /** How many pulls of its images are under way, since when one is, and how long there were any. */
  pulls: number;
  pullingSince: number;
  pullingMs: number;
  initMs: number;
}

/**
 * How long pods take from their creation until a watch tells that all of their containers run, as the service level for the start of
 * pods counts it: without the time for images and init containers, and only where a pod could be placed at once and has no state of
 * its own. Times are those of the clock, for the creation is, too.
 */
export class PodStartLatency {
  readonly #starts = new Map<string, Start>();
  /** Pods that had to wait for a place: they never count. */
  readonly #excluded = new Set<string>();
  readonly #total: Histogram;
  readonly #sli: Histogram;
  readonly #firstWithNetwork: Gauge;
  #hadNetwork = false;

  constructor(families: KubeletFamilies) {
    this.#total = families
      .histogram(
        'pod_start_total_duration_seconds',
        'From the creation of a pod until a watch tells that its containers run',
        podStartSeconds,
      )
      .with();
    this.#sli = families
      .histogram(
        'pod_start_sli_duration_seconds',
        'From the creation of a pod without state until a watch tells that its containers run, without images and init containers',
        podStartSeconds,
      )
      .with();
    this.#firstWithNetwork = families
      .gauge(
        'first_network_pod_start_sli_duration_seconds',
        'The same of the first pod that had a network of its own, as it was with this agent',
      )
      .with();
  }

  /** A watch tells of a pod. */
  observed(pod: Pod, now: number): void {
    const { uid = '', creationTimestamp } = pod.metadata;
    const start = this.#starts.get(uid);
    if (pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') {
      this.#starts.delete(uid);
      return;
    }
    if (isUnschedulable(pod)) {
      this.#starts.delete(uid);
      this.#excluded.add(uid);
      return;
    }
    if (start === undefined) {
      if (this.#excluded.has(uid) || pod.status?.startTime !== undefined) return;
      this.#starts.set(uid, { measured: false, pulls: 0, pullingSince: 0, pullingMs: 0, initMs: 0 });
      return;
    }
    const createdAt = parseTime(creationTimestamp);
    if (start.measured || createdAt === undefined || !runs(pod)) return;
    start.measured = true;
    this.#measure(pod, start, now - createdAt);
  }

  pullStarted(uid: string, now: number): void {
    const start = this.#starts.get(uid);
    if (start === undefined) return;
    if (start.pulls === 0) start.pullingSince = now;
    start.pulls++;
  }

  pullEnded(uid: string, now: number): void {
    const start = this.#starts.get(uid);
    if (start === undefined || start.pulls === 0) return;
    start.pulls--;
    if (start.pulls === 0) start.pullingMs += now - start.pullingSince;
  }

  initContainerRan(uid: string, { startedAt, finishedAt }: ContainerStateTerminated): void {
    const start = this.#starts.get(uid);
    const [from, to] = [parseTime(startedAt), parseTime(finishedAt)];
    if (start !== undefined && from !== undefined && to !== undefined) start.initMs += Math.max(0, to - from);
  }

  forget(uid: string): void {
    this.#starts.delete(uid);
    this.#excluded.delete(uid);
  }

  #measure(pod: Pod, { pullingMs, initMs }: Start, totalMs: number): void {
    this.#total.observe(totalMs / 1000);
    if (pod.spec?.volumes?.some(holdsState) === true) return;
    const seconds = (totalMs - pullingMs - initMs) / 1000;
    this.#sli.observe(seconds);
    if (this.#hadNetwork || pod.spec?.hostNetwork === true) return;
    this.#hadNetwork = true;
    this.#firstWithNetwork.set(seconds);
  }
}

function isUnschedulable({ status }: Pod): boolean {
  return findCondition(status?.conditions, 'PodScheduled')?.status === 'False';
}

function runs({ status }: Pod): boolean {
  const containers = status?.containerStatuses ?? [];
  return containers.length > 0 && containers.every(({ state }) => state?.running?.startedAt != null);
}

/** What is written from the API or begins empty is none. */
function holdsState({ secret, configMap, downwardAPI, emptyDir, projected }: Volume): boolean {
  return [secret, configMap, downwardAPI, emptyDir, projected].every((source) => source === undefined);
}
