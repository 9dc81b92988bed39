import type { Environment, Timer } from '../machinery/environment/environment.ts';
import type { Pod } from '../resources/schema/core-v1.generated.ts';
import type { ClusterEvent } from './framework.ts';
import { type PodInfo, podInfo, podKey } from './pod-info.ts';

/** A pod that waits for a node. */
export interface QueuedPod {
  info: PodInfo;
  /** Milliseconds (monotonic) at which it entered this queue first. */
  readonly queuedAtMs: number;
  attempts: number;
  /** Until when it may not be tried again. */
  backOffUntilMs: number;
  /** Since when it has been known not to fit. */
  unschedulableSinceMs: number;
  /** Events after which another try is worth it; all of them when empty. */
  retryOn: ReadonlySet<ClusterEvent>;
  place: 'active' | 'backOff' | 'unschedulable' | 'gated' | 'scheduling';
  /** Something happened while it was being tried that may make it fit. */
  movedMeanwhile: boolean;
  /** The node on which others make room for it. */
  nominatedNode: string | undefined;
}

const firstBackOffMs = 1_000;
const longestBackOffMs = 10_000;
/** After this long a pod is tried again whatever happened. */
const longestUnschedulableMs = 5 * 60_000;
const sweepMs = 30_000;
const nobody: readonly PodInfo[] = [];

/**
 * Pods in the order in which they are to be tried: by priority, then by age. A pod that found no node waits for an event that
 * its rejecting plugins care about, and then for its back-off.
 */
export class SchedulingQueue {
  readonly #environment: Environment;
  readonly #gate: (pod: Pod) => string | undefined;
  readonly #ready: () => void;
  readonly #pods = new Map<string, QueuedPod>();
  /** A heap by priority, then by age; may hold pods that have left: they are passed over. */
  readonly #active: QueuedPod[] = [];
  readonly #nominated = new Map<string, Set<QueuedPod>>();
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** `gate` says why a pod may not be tried; `ready` is called when there is something to pop. */
  constructor(environment: Environment, gate: (pod: Pod) => string | undefined, ready: () => void) {
    this.#environment = environment;
    this.#gate = gate;
    this.#ready = ready;
  }

  get size(): number {
    return this.#pods.size;
  }

  count(place: QueuedPod['place']): number {
    let count = 0;
    for (const queued of this.#pods.values()) if (queued.place === place) count++;
    return count;
  }

  /** A pod without a node was seen. Answers why it is held at the gate, if it is. */
  add(pod: Pod): string | undefined {
    const key = podKey(pod);
    const known = this.#pods.get(key);
    if (known !== undefined) return this.update(pod);
    const gated = this.#gate(pod);
    const queued: QueuedPod = {
      info: podInfo(pod),
      queuedAtMs: this.#environment.monotonic(),
      attempts: 0,
      backOffUntilMs: 0,
      unschedulableSinceMs: 0,
      retryOn: new Set(),
      place: 'gated',
      movedMeanwhile: false,
      nominatedNode: undefined,
    };
    this.#pods.set(key, queued);
    this.nominate(queued, pod.status?.nominatedNodeName);
    if (gated === undefined) this.#activate(queued);
    return gated;
  }

  /** A waiting pod has changed: what made it fail may be gone. */
  update(pod: Pod): string | undefined {
    const queued = this.#pods.get(podKey(pod));
    if (queued === undefined) return this.add(pod);
    queued.info = podInfo(pod);
    const gated = this.#gate(pod);
    if (queued.place === 'scheduling') queued.movedMeanwhile = true;
    else if (queued.place === 'gated' && gated === undefined) this.#activate(queued);
    else if (queued.place === 'unschedulable') this.#wake(queued);
    return gated;
  }

  /** The pod's status has changed, which makes nothing fit: what is known of it is kept new. */
  refresh(pod: Pod): void {
    const queued = this.#pods.get(podKey(pod));
    if (queued !== undefined) queued.info = { ...queued.info, pod };
  }

  /** Others make room for the pod on this node from now on; undefined: nowhere. */
  nominate(queued: QueuedPod, nodeName: string | undefined): void {
    const { nominatedNode: before = '' } = queued;
    const former = this.#nominated.get(before);
    if (former?.delete(queued) && former.size === 0) this.#nominated.delete(before);
    queued.nominatedNode = nodeName || undefined;
    if (queued.nominatedNode === undefined) return;
    const there = this.#nominated.get(queued.nominatedNode) ?? new Set();
    this.#nominated.set(queued.nominatedNode, there.add(queued));
  }

  /** The room that was made for a waiting pod is another's now: it is tried again. */
  denominate(pod: Pod): void {
    const queued = this.#pods.get(podKey(pod));
    if (queued === undefined) return;
    const { nominatedNodeName, ...status } = pod.status ?? {};
    this.nominate(queued, undefined);
    this.update({ ...pod, status });
  }

  /** The pods for which others make room on a node. */
  nominated(nodeName: string): readonly PodInfo[] {
    const there = this.#nominated.get(nodeName);
    return there === undefined ? nobody : Array.from(there, ({ info }) => info);
  }

  delete(pod: Pod): void {
    const queued = this.#pods.get(podKey(pod));
    if (queued !== undefined) this.#drop(queued);
  }

  /** The pod to try next. It stays known until it is placed, deleted or given back. */
  pop(): QueuedPod | undefined {
    for (let next = this.#popHeap(); next !== undefined; next = this.#popHeap()) {
      if (this.#pods.get(next.info.key) !== next || next.place !== 'active') continue;
      next.place = 'scheduling';
      next.attempts++;
      next.movedMeanwhile = false;
      return next;
    }
    return undefined;
  }

  /** The pod found a node. */
  done(queued: QueuedPod): void {
    if (this.#pods.get(queued.info.key) === queued) this.#drop(queued);
  }

  /** The pod found none, or binding failed (`retryOn` undefined: try again after the back-off). */
  giveBack(queued: QueuedPod, retryOn: ReadonlySet<ClusterEvent> | undefined): void {
    if (this.#pods.get(queued.info.key) !== queued) return;
    const now = this.#environment.monotonic();
    queued.backOffUntilMs = now + Math.min(longestBackOffMs, firstBackOffMs * 2 ** Math.min(queued.attempts - 1, 10));
    queued.unschedulableSinceMs = now;
    queued.retryOn = retryOn ?? new Set();
    queued.place = 'unschedulable';
    if (retryOn === undefined || queued.movedMeanwhile) this.#wake(queued);
    else this.#arm(now + sweepMs);
  }

  /** Something happened: whoever waits for such an event is tried again, and whoever is held at the gate asks there again. */
  moved(event: ClusterEvent): void {
    for (const queued of this.#pods.values()) {
      if (queued.place === 'scheduling') queued.movedMeanwhile = true;
      else if (queued.place === 'unschedulable' && (queued.retryOn.size === 0 || queued.retryOn.has(event)))
        this.#wake(queued);
      else if (queued.place === 'gated' && this.#gate(queued.info.pod) === undefined) this.#activate(queued);
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#pods.clear();
    this.#nominated.clear();
    this.#active.length = 0;
  }

  #drop(queued: QueuedPod): void {
    this.#pods.delete(queued.info.key);
    this.nominate(queued, undefined);
  }

  #wake(queued: QueuedPod): void {
    if (queued.backOffUntilMs <= this.#environment.monotonic()) this.#activate(queued);
    else {
      queued.place = 'backOff';
      this.#arm(queued.backOffUntilMs);
    }
  }

  #activate(queued: QueuedPod): void {
    queued.place = 'active';
    this.#pushHeap(queued);
    this.#ready();
  }

  #arm(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#environment.setTimer(atMs - this.#environment.monotonic(), () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const now = this.#environment.monotonic();
    let waiting = false;
    for (const queued of this.#pods.values()) {
      if (queued.place === 'backOff') {
        if (queued.backOffUntilMs <= now) this.#activate(queued);
        else this.#arm(queued.backOffUntilMs);
      } else if (queued.place === 'unschedulable') {
        if (now - queued.unschedulableSinceMs >= longestUnschedulableMs) this.#wake(queued);
        else waiting = true;
      }
    }
    if (waiting) this.#arm(now + sweepMs);
  }

  #pushHeap(queued: QueuedPod): void {
    const heap = this.#active;
    let at = heap.length;
    heap.push(queued);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !goesFirst(queued, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = queued;
  }

  #popHeap(): QueuedPod | undefined {
    const heap = this.#active;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      const right = heap[child + 1];
      const left = heap[child];
      if (left === undefined) break;
      const [smaller, index] = right !== undefined && goesFirst(right, left) ? [right, child + 1] : [left, child];
      if (!goesFirst(smaller, last)) break;
      heap[at] = smaller;
      at = index;
    }
    heap[at] = last;
    return first;
  }
}

function goesFirst(a: QueuedPod, b: QueuedPod): boolean {
  return a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.queuedAtMs < b.queuedAtMs);
}
