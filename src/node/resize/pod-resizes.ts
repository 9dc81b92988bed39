import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { podRequests } from '../../resources/core/scheduling/pod-requests.ts';
import type { Pod, PodCondition, ResourceRequirements } from '../../resources/schema/core-v1.generated.ts';
import type { Refusal } from '../pods/pod-admission.ts';
import { podEvent } from '../pods/pod-events.ts';
import type { PodRuntimeState } from '../pods/pod-runtime-state.ts';
import {
  type Allocation,
  actualAllocation,
  allocationOf,
  givenAllocation,
  sameAllocation,
  withAllocation,
} from './allocation.ts';
import { decideResize } from './decide-resize.ts';
import { resizeMessage } from './resize-message.ts';

export interface PodResizesOptions {
  readonly environment: Pick<Environment, 'now'>;
  readonly recorder: EventRecorder;
  /** Whether all pods of the node are known: before, nobody can say what room there is. */
  ready(): boolean;
  /** Why a pod of this size has no room here, beside the others; undefined when it has. */
  fits(pod: Pod): Refusal | undefined;
  /** A resize that had to wait was accepted. */
  onAccepted(uid: string): void;
}

interface Waiting {
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
  readonly generation: number;
  readonly since: number;
}

interface Progress {
  readonly generation: number;
  readonly error: string;
}

interface Entry {
  /** As the API has it. */
  pod: Pod;
  /** What the node has given to the pod. */
  given: Allocation;
  /** What its containers were last started with or changed to. */
  actual: Allocation;
  waiting: Waiting | undefined;
  progress: Progress | undefined;
}

/**
 * Who has been given how much of this node. A pod that asks for another size keeps the old one until there is room; the workers run
 * pods as they were given, and tell here what containers really have. What is known here is in the pods' statuses, too: another
 * agent goes on from there.
 */
export class PodResizes {
  readonly #options: PodResizesOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: PodResizesOptions) {
    this.#options = options;
  }

  /** The pod with what is given to it; decides about a new size. */
  settle(pod: Pod): Pod {
    const uid = pod.metadata.uid ?? '';
    const entry = this.#entries.get(uid) ?? this.#enter(uid, pod);
    entry.pod = pod;
    const before = entry.given;
    if (pod.metadata.deletionTimestamp == null) this.#consider(entry);
    if (entry.given !== before) this.retry();
    return withAllocation(pod, entry.given);
  }

  /** There may be more room than before: those that wait are looked at, in their order. */
  retry(): void {
    const waiting = [...this.#entries.values()].filter(
      ({ pod, given }) => pod.metadata.deletionTimestamp == null && !sameAllocation(allocationOf(pod), given),
    );
    for (const entry of waiting.sort(inOrder)) {
      const before = entry.given;
      this.#consider(entry);
      if (entry.given !== before) this.#options.onAccepted(entry.pod.metadata.uid ?? '');
    }
  }

  /** How many pods are being given another size. */
  get inProgress(): number {
    return [...this.#entries.values()].filter(({ progress }) => progress !== undefined).length;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  /** What the containers have; undefined for a pod that is not known. */
  actual(uid: string): Allocation | undefined {
    return this.#entries.get(uid)?.actual;
  }

  /** A container was started with these resources, or got them while it runs. */
  applied(uid: string, container: string, resources: ResourceRequirements | undefined): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    const containers = new Map([...entry.actual.containers, [container, resources ?? {}]]);
    entry.actual = { ...entry.actual, containers };
  }

  appliedToWhole(uid: string, whole: ResourceRequirements | undefined): void {
    const entry = this.#entries.get(uid);
    if (entry !== undefined) entry.actual = { ...entry.actual, whole };
  }

  /** A resize could not be carried out for now. */
  failed(pod: Pod, message: string): void {
    const entry = this.#entries.get(pod.metadata.uid ?? '');
    if (entry === undefined || entry.progress?.error === message) return;
    entry.progress = { generation: entry.progress?.generation ?? pod.metadata.generation ?? 0, error: message };
    podEvent(this.#options.recorder, pod, 'Warning', 'ResizeError', resizeMessage('Pod resize error', pod, message));
  }

  /** Looks whether what was begun is done. `pod`: with what is given to it. */
  check(pod: Pod, state: PodRuntimeState): void {
    const entry = this.#entries.get(pod.metadata.uid ?? '');
    if (entry === undefined) return;
    const { restart, update } = decideResize(pod, state, entry.actual);
    const wholeDiffers = !sameAllocation(
      { ...entry.given, containers: new Map() },
      { ...entry.actual, containers: new Map() },
    );
    if (restart.size > 0 || update.length > 0 || wholeDiffers) {
      entry.progress ??= { generation: pod.metadata.generation ?? 0, error: '' };
      return;
    }
    if (entry.progress === undefined) return;
    const { generation } = entry.progress;
    entry.progress = undefined;
    const done = { ...pod, metadata: { ...pod.metadata, generation } };
    podEvent(this.#options.recorder, pod, 'Normal', 'ResizeCompleted', resizeMessage('Pod resize completed', done));
  }

  /** What the status of a pod says of its resize. */
  conditions(uid: string): readonly PodCondition[] {
    const { waiting, progress } = this.#entries.get(uid) ?? {};
    const conditions: PodCondition[] = [];
    if (waiting !== undefined) {
      const { reason, message, generation } = waiting;
      conditions.push({ type: 'PodResizePending', status: 'True', observedGeneration: generation, reason, message });
    }
    if (progress !== undefined) {
      const { generation, error } = progress;
      const why = error === '' ? {} : { reason: 'Error', message: error };
      conditions.push({ type: 'PodResizeInProgress', status: 'True', observedGeneration: generation, ...why });
    }
    return conditions;
  }

  #enter(uid: string, pod: Pod): Entry {
    const entry: Entry = {
      pod,
      given: givenAllocation(pod),
      actual: actualAllocation(pod),
      waiting: undefined,
      progress: undefined,
    };
    for (const { type, reason, message = '', observedGeneration = 0 } of pod.status?.conditions ?? []) {
      if (type === 'PodResizePending')
        entry.waiting = {
          reason: reason === 'Infeasible' ? 'Infeasible' : 'Deferred',
          message,
          generation: observedGeneration,
          since: this.#options.environment.now(),
        };
      if (type === 'PodResizeInProgress') entry.progress = { generation: observedGeneration, error: message };
    }
    this.#entries.set(uid, entry);
    return entry;
  }

  #consider(entry: Entry): void {
    const { recorder, fits, environment } = this.#options;
    const { pod, given, waiting } = entry;
    const { generation = 0 } = pod.metadata;
    const wanted = allocationOf(pod);
    if (sameAllocation(wanted, given)) {
      entry.waiting = undefined;
      return;
    }
    if (!this.#options.ready()) return;
    const refusal = fits(pod);
    if (refusal === undefined) {
      entry.given = wanted;
      entry.waiting = undefined;
      entry.progress = { generation, error: '' };
      podEvent(recorder, pod, 'Normal', 'ResizeStarted', resizeMessage('Pod resize started', pod));
      return;
    }
    const { reason, message } = refusal;
    entry.waiting = { reason: 'Deferred', message, generation, since: waiting?.since ?? environment.now() };
    if (waiting?.generation === generation) return;
    podEvent(recorder, pod, 'Warning', 'ResizeDeferred', resizeMessage(`Pod resize ${reason}`, pod, message));
  }
}

/** Those that want no more than they have first, then by priority, quality of service, and how long they have waited. */
function inOrder(a: Entry, b: Entry): number {
  return (
    Number(wantsMore(a)) - Number(wantsMore(b)) ||
    (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0) ||
    Number(isGuaranteed(b)) - Number(isGuaranteed(a)) ||
    (a.waiting?.since ?? 0) - (b.waiting?.since ?? 0)
  );
}

function wantsMore({ pod, given }: Entry): boolean {
  const [asked, has] = [podRequests(pod), podRequests(withAllocation(pod, given))];
  return ['cpu', 'memory'].some((name) => (asked[name] ?? 0) > (has[name] ?? 0));
}

function isGuaranteed({ pod }: Entry): boolean {
  return pod.status?.qosClass === 'Guaranteed';
}
