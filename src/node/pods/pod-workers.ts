import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { isTerminal } from '../pod-status/pod-status.ts';
import { labels, podUidOf } from './labels.ts';
import type { Refusal } from './pod-admission.ts';
import { podEvent } from './pod-events.ts';
import type { PodRuntimeState } from './pod-runtime-state.ts';
import { podTraces, removePodLogs } from './pod-traces.ts';
import { type Ending, PodWorker } from './pod-worker.ts';
import { stopPod } from './stop-pod.ts';
import type { WorkerContext } from './worker-context.ts';

/** What a pod of which nothing but its containers is known gets to end in. */
const orphanGraceSeconds = 1;

/** How many pods there are, by how far they are. */
type PodsByLifecycle = Record<'sync' | 'terminating' | 'terminated', number>;

/** The pods that are worked on: whose objects are there, whose objects are gone, and of which nobody but the runtime tells. */
export interface WorkingPods {
  readonly desired: Readonly<PodsByLifecycle>;
  readonly orphan: Readonly<PodsByLifecycle>;
  readonly runtimeOnly: number;
}

/** Why a pod cannot run beside these; `node`: as it is known to be now, unless the caller knows better. */
type Admit = (pod: Pod, active: readonly Pod[], node?: Node) => Refusal | undefined;

/** One worker for each pod of the node, from the first news of it until its object and its containers are gone. */
export class PodWorkers {
  readonly #context: WorkerContext;
  readonly #admit: Admit;
  readonly #workers = new Map<string, PodWorker>();
  /** Pods that wait for news of the node, by their uids. */
  readonly #undecided = new Map<string, Pod>();
  /** Pods whose objects are gone while their workers still end them. */
  readonly #removed = new Set<string>();
  readonly #cleaning = new Set<string>();
  /** Before every pod of the node has been told nothing counts as left over. */
  #allKnown = false;
  #stopped = false;

  constructor(context: WorkerContext, admit: Admit) {
    this.#context = context;
    this.#admit = admit;
  }

  /** Every pod that was there has been told: what else runs is left over. */
  async known(): Promise<void> {
    this.#allKnown = true;
    this.#context.resizes.retry();
    await this.cleanOrphans();
  }

  get allKnown(): boolean {
    return this.#allKnown;
  }

  /** Every pod that has a worker. */
  *pods(): Iterable<Pod> {
    for (const worker of this.#workers.values()) yield worker.pod;
  }

  worker(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  /** A pod of this node was added or changed. */
  update(pod: Pod): void {
    if (this.#stopped) return;
    const uid = pod.metadata.uid ?? '';
    const { statuses, metrics, environment } = this.#context;
    statuses.observe(pod);
    metrics.podStarts.observed(pod, environment.now());
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    if (this.#undecided.has(uid)) {
      this.#undecided.set(uid, pod);
      return;
    }
    const refusal = this.#isNew(pod) ? this.#admit(pod, this.active()) : undefined;
    if (refusal?.reason === 'NodeAffinity') void this.#askForNode(pod, refusal);
    else this.#take(pod, refusal);
  }

  /** Whoever bound the pod may have seen labels of the node of which no news has come here yet. */
  async #askForNode(pod: Pod, refusal: Refusal): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    const { client, nodeName, logger } = this.#context;
    this.#undecided.set(uid, pod);
    const node = await client.get(nodes, { name: nodeName }).catch((err: unknown) => {
      logger.warn('the node could not be read to see whether a pod fits it', { podUid: uid, err });
    });
    const latest = this.#undecided.get(uid);
    this.#undecided.delete(uid);
    if (latest === undefined || this.#stopped) return;
    if (!this.#isNew(latest)) this.#take(latest, undefined);
    else this.#take(latest, node === undefined ? refusal : this.#admit(latest, this.active(), node));
  }

  #take(pod: Pod, refusal: Refusal | undefined): void {
    const { metrics } = this.#context;
    const worker = new PodWorker(this.#context, pod, (ended) => this.#onEnded(ended));
    this.#workers.set(pod.metadata.uid ?? '', worker);
    if (refusal !== undefined) {
      metrics.admissions.refused(refusal.reason);
      podEvent(this.#context.recorder, pod, 'Warning', refusal.reason, refusal.message);
      worker.reject(refusal);
      this.#context.resizes.retry();
    } else {
      metrics.admissions.taken(pod);
      worker.update(pod);
    }
  }

  /** The object of a pod is gone: what runs of it is ended. */
  remove(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#context.statuses.forget(uid);
    this.#context.metrics.podStarts.forget(uid);
    this.#undecided.delete(uid);
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    this.#removed.add(uid);
    if (worker.ended) this.#forget(worker);
    else
      worker.update({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: pod.metadata.deletionTimestamp ?? '' } });
  }

  /** Brings a pod of this node to its end for the sake of the node. */
  evict(pod: Pod, ending: Ending): void {
    this.#workers.get(pod.metadata.uid ?? '')?.end(ending);
  }

  /** Removes what is left of a pod that has ended, its logs too, before its object is gone. */
  async discard(uid: string): Promise<void> {
    if (this.#workers.get(uid)?.ended === true) await this.#clean(uid);
  }

  /** What is given to a pod has changed. */
  settle(uid: string): void {
    this.#workers.get(uid)?.settle();
  }

  /** The runtime has news of a pod. */
  notice(uid: string): void {
    this.#workers.get(uid)?.look();
  }

  /** The node has changed in a way that may let pods run which could not. */
  lookAtAll(): void {
    for (const worker of this.#workers.values()) worker.look(true);
  }

  /** Ends what runs of pods that are not of this node any more, and removes what is left of them. */
  async cleanOrphans(): Promise<void> {
    if (!this.#allKnown) return;
    const { cache, metrics } = this.#context;
    const traces = new Set([...cache.uids(), ...(await podTraces(this.#context))]);
    const orphans = [...traces].filter((uid) => !this.#workers.has(uid) && !this.#cleaning.has(uid));
    const running = orphans.filter((uid) => isRunning(cache.state(uid))).length;
    const cleaned = await Promise.all(orphans.map((uid) => this.#clean(uid)));
    metrics.orphansCleaned(orphans.length, cleaned.filter((done) => !done).length, running);
  }

  /** How many pods there are, by what is done with them. */
  working(): WorkingPods {
    const [desired, orphan] = [noPods(), noPods()];
    for (const { uid, ended, ending } of this.#workers.values()) {
      const counts = this.#removed.has(uid) ? orphan : desired;
      counts[ended ? 'terminated' : ending ? 'terminating' : 'sync']++;
    }
    const runtimeOnly = [...this.#cleaning].filter((uid) => !this.#workers.has(uid)).length;
    return { desired, orphan, runtimeOnly };
  }

  /** Workers stop looking; containers run on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }

  /** A pod that this node has not begun to run. */
  #isNew(pod: Pod): boolean {
    const { sandboxes, containers } = this.#context.cache.state(pod.metadata.uid ?? '');
    const known = sandboxes.length > 0 || containers.length > 0 || pod.status?.startTime !== undefined;
    return !known && pod.metadata.deletionTimestamp == null && !isTerminal(pod.status?.phase);
  }

  /** Pods that take up room. */
  active(): readonly Pod[] {
    return [...this.#workers.values()].filter((worker) => !worker.ended).map((worker) => worker.pod);
  }

  #onEnded(worker: PodWorker): void {
    this.#context.resizes.retry();
    if (this.#removed.has(worker.uid)) this.#forget(worker);
  }

  #forget(worker: PodWorker): void {
    const { uid, pod } = worker;
    this.#workers.delete(uid);
    this.#removed.delete(uid);
    this.#context.images.forget(pod);
    this.#context.resizes.forget(uid);
    void worker.stop();
    void this.#clean(uid);
  }

  /** Removes a pod's containers, sandboxes, volumes and logs. Answers whether nothing is left. */
  async #clean(uid: string): Promise<boolean> {
    if (this.#cleaning.has(uid) || this.#stopped) return false;
    this.#cleaning.add(uid);
    try {
      await this.#removeAll(uid);
      return true;
    } catch (error) {
      // The next round of garbage collection tries again.
      this.#context.logger.warn('what is left of a pod could not be removed', { podUid: uid, err: error });
      return false;
    } finally {
      this.#cleaning.delete(uid);
    }
  }

  async #removeAll(uid: string): Promise<void> {
    const { cache, runtime, volumes, cgroups } = this.#context;
    const state = cache.state(uid);
    const [any] = [...state.sandboxes, ...state.containers];
    if (any !== undefined) {
      const pod = podFromLabels(any.labels, uid);
      await stopPod(this.#context, pod, state, orphanGraceSeconds, new AbortController().signal);
      for (const { id } of state.containers) {
        await runtime.removeContainer(id);
        await cache.refreshContainer(id);
      }
      for (const { id } of state.sandboxes) {
        await runtime.removePodSandbox(id);
        await cache.refreshSandbox(id);
      }
    }
    await removePodLogs(this.#context, uid);
    await cgroups.removeUnknown(uid);
    await volumes.remove(uid);
  }
}

function noPods(): PodsByLifecycle {
  return { sync: 0, terminating: 0, terminated: 0 };
}

function isRunning({ sandboxes, containers }: PodRuntimeState): boolean {
  return sandboxes.some(({ ready }) => ready) || containers.some(({ state }) => state === 'running');
}

/** As much of a pod as its containers tell. */
function podFromLabels(from: Readonly<Record<string, string>>, uid: string): Pod {
  return {
    metadata: {
      name: from[labels.podName],
      namespace: from[labels.podNamespace],
      uid: podUidOf({ labels: from }) || uid,
    },
    spec: { containers: [] },
  };
}
