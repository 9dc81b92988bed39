import { allEnded } from '../../machinery/all-ended.ts';
import { parseTime } from '../../machinery/time.ts';
import { equal } from '../../resources/equal.ts';
import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import { pullSecrets } from '../images/pulling/pull-secrets.ts';
import type { StartFailure } from '../pod-status/container-statuses.ts';
import { isTerminal, type PodFailure } from '../pod-status/pod-status.ts';
import { withAllocation } from '../resize/allocation.ts';
import { performResize } from '../resize/perform-resize.ts';
import { containerHash } from './container-hash.ts';
import { decidePodActions } from './decide-pod-actions.ts';
import type { PodActions } from './decision.ts';
import { ensureSandbox } from './ensure-sandbox.ts';
import { describePod } from './labels.ts';
import { containerEvent, podEvent } from './pod-events.ts';
import { labelsOf, newsOf } from './pod-news.ts';
import { PodReporter } from './pod-reporter.ts';
import { referencesOf } from './references.ts';
import { removeDeadParts } from './remove-dead-parts.ts';
import { resetContainers } from './reset-containers.ts';
import { restartsAll } from './restart-all.ts';
import { runtimeText } from './runtime-text.ts';
import { startContainer } from './start-container.ts';
import { gracePeriodOf, stopContainer } from './stop-container.ts';
import { stopPod } from './stop-pod.ts';
import { WakeUp } from './wake-up.ts';
import type { WorkerContext } from './worker-context.ts';

/** Why a pod is brought to its end. */
export interface Ending {
  /** The pod fails in these words; undefined: its containers say how it ended. */
  readonly failed?: PodFailure | undefined;
  /** Instead of the pod's own grace period. */
  readonly gracePeriodSeconds?: number | undefined;
}

type Phase = 'running' | 'ending' | 'ended';

const deadlineExceeded: PodFailure = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};

/**
 * The life of one pod on its node. Whatever happens - a new version of the pod, news of the runtime, a probe's verdict, a timer -
 * only says "look again": one look at a time compares what is asked for with what runs, does what is missing, and tells the API.
 */
export class PodWorker {
  readonly uid: string;
  readonly #context: WorkerContext;
  readonly #onEnded: (worker: PodWorker) => void;
  readonly #reporter: PodReporter;
  /** Undefined once it has been looked at. */
  #newSince: number | undefined;
  /** Looks again at a time, or sooner. */
  readonly #wakeUp: WakeUp;
  readonly #failures = new Map<string, StartFailure>();
  /** Until when each container's BackOff event has been told. */
  readonly #toldBackOff = new Map<string, number>();
  /** As the API has it. */
  #asked: Pod;
  /** With the resources that the node has given to it. */
  #pod: Pod;
  #phase: Phase = 'running';
  #ending: Ending | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #looked = false;
  /** After a failure nothing is tried before this time; monotonic, as are the others: the clock may be set. */
  #holdUntil = 0;
  /** The same for the start of single containers. */
  readonly #startNotBefore = new Map<string, number>();
  #abort = new AbortController();
  #stopped = false;
  #hasCgroup = false;
  #unfollow: readonly (() => void)[] = [];
  #followed = '';

  constructor(context: WorkerContext, pod: Pod, onEnded: (worker: PodWorker) => void) {
    this.uid = pod.metadata.uid ?? '';
    this.#context = context;
    this.#asked = pod;
    this.#pod = context.resizes.settle(pod);
    this.#onEnded = onEnded;
    this.#reporter = new PodReporter(context, this.uid);
    this.#newSince = context.environment.monotonic();
    this.#wakeUp = new WakeUp(context.environment, () => this.look());
    this.#follow();
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Nothing of it runs any more, and nothing will. */
  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** It is being brought to its end. */
  get ending(): boolean {
    return this.#phase === 'ending';
  }

  /** The newest version of the pod; one that is being deleted comes to its end. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#asked = pod;
    this.#pod = this.#phase === 'ended' ? pod : this.#context.resizes.settle(pod);
    if (pod.metadata.generation !== before.metadata.generation) this.#follow();
    // Labels and annotations are in downward API volumes.
    if (!equal(labelsOf(pod), labelsOf(before))) this.#context.volumes.invalidate(this.uid);
    if (pod.metadata.deletionTimestamp != null && this.#ending === undefined) this.end({});
    // A shorter grace period cuts the one that runs.
    const grace = (each: Pod) => gracePeriodOf(each, { name: '' }, undefined);
    if (this.#phase === 'ending' && grace(pod) < grace(before)) this.#interrupt('the grace period was shortened');
    // The echo of this node's own status is no news.
    if (!this.#looked || !equal(newsOf(pod), newsOf(before))) this.look(true);
  }

  /** What is given to the pod has changed. */
  settle(): void {
    this.#pod = this.#context.resizes.settle(this.#asked);
    this.look(true);
  }

  /** Brings the pod to its end; a reason that came first stays. */
  end(ending: Ending): void {
    const first = this.#ending;
    this.#ending = { ...ending, ...(first?.failed !== undefined && { failed: first.failed }) };
    if (first === undefined) this.#interrupt('the pod comes to its end');
    this.look(true);
  }

  /** The pod is not taken: it fails, and nothing of it ever runs. */
  reject(why: StartFailure): void {
    this.#phase = 'ended';
    this.#reporter.reject(this.#pod, why);
    this.#context.statuses.finish(this.#pod);
  }

  /** Something may have changed. What failed a moment ago is not tried again for that, unless what is asked for has changed. */
  look(urgent = false): void {
    if (this.#stopped) return;
    if (urgent) {
      this.#holdUntil = 0;
      this.#startNotBefore.clear();
    } else if (this.#context.environment.monotonic() < this.#holdUntil) return;
    this.#looked = true;
    this.#again = true;
    this.#looking ??= this.#run();
  }

  /** Stops looking; touches nothing that runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt('the agent stops');
    this.#wakeUp.stop();
    for (const stop of this.#unfollow) stop();
    await this.#looking;
  }

  /** Looks again whenever what the pod refers to changes. */
  #follow(): void {
    const references = referencesOf(this.#pod);
    const key = references.map(({ kind, name }) => `${kind}/${name}`).join();
    if (key === this.#followed) return;
    for (const stop of this.#unfollow) stop();
    const { objects, volumes } = this.#context;
    const changed = () => {
      volumes.invalidate(this.uid);
      this.look(true);
    };
    this.#followed = key;
    this.#unfollow = references.map((each) => objects.follow(this.#pod.metadata.namespace ?? '', each, changed));
  }

  #interrupt(why: string): void {
    this.#abort.abort(new DOMException(why, 'AbortError'));
    this.#abort = new AbortController();
  }

  async #run(): Promise<void> {
    // What happens in the same turn is seen by one look.
    const { environment, metrics } = this.#context;
    await environment.turn();
    if (this.#newSince !== undefined) metrics.workerStarted(environment.monotonic() - this.#newSince);
    this.#newSince = undefined;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const { signal } = this.#abort;
      const startedAt = environment.monotonic();
      const operation = this.#ending === undefined ? 'sync' : 'terminating';
      try {
        await this.#look(signal);
        metrics.workerTook(operation, environment.monotonic() - startedAt);
      } catch (error) {
        if (signal.aborted) continue;
        this.#context.logger.warn('a pod could not be synced', { pod: describePod(this.#pod), err: error });
        this.#holdUntil = environment.monotonic() + this.#context.config.syncRetryMs;
        this.#wakeUp.at(this.#holdUntil);
      }
    }
    this.#looking = undefined;
  }

  async #look(signal: AbortSignal): Promise<void> {
    if (this.#phase === 'ended') return;
    this.#checkDeadline();
    if (this.#ending === undefined) {
      const phase = await this.#report(false);
      if (isTerminal(phase)) this.#ending = {};
    }
    if (this.#ending !== undefined) return this.#bringToEnd(this.#ending, signal);
    await this.#sync(signal);
    this.#context.resizes.check(this.#pod, this.#context.cache.state(this.uid));
    if (isTerminal(await this.#report(false))) this.look(true);
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { health, recorder, volumes, cache, probes, crashBackOff, environment, config, statuses } = this.#context;
    const pod = this.#pod;
    if (health.networkProblem !== undefined && pod.spec?.hostNetwork !== true) {
      const message = `network is not ready: ${health.networkProblem}`;
      podEvent(recorder, pod, 'Warning', 'NetworkNotReady', message);
      throw new Error(message);
    }
    // The next look may take away what they make.
    await allEnded([this.#ensureCgroup(), volumes.mount(pod, signal)]);
    const resize = await performResize(this.#context, pod, cache.state(this.uid), signal);
    if (resize.failed) this.#wakeUp.at(environment.monotonic() + config.syncRetryMs);
    const actions = decidePodActions({
      pod,
      state: cache.state(this.uid),
      restartAll: restartsAll(pod, cache.state(this.uid), statuses.get(this.uid)?.conditions),
      restart: resize.restart,
      probes,
      backOff: (container, since) => crashBackOff.delayAfter(this.#backOffKey(container), since),
      now: environment.now(),
    });
    await this.#perform(actions, signal);
  }

  /** Once; what changes later is a resize. A pod that ran under another agent has its old size until then. */
  async #ensureCgroup(): Promise<void> {
    const { cgroups, recorder, resizes } = this.#context;
    const pod = this.#pod;
    if (this.#hasCgroup) return;
    const actual = resizes.actual(this.uid);
    try {
      await cgroups.ensure(actual === undefined ? pod : withAllocation(pod, actual));
      this.#hasCgroup = true;
    } catch (error) {
      const message = `unable to ensure pod container exists: ${error instanceof Error ? error.message : String(error)}`;
      podEvent(recorder, pod, 'Warning', 'FailedCreatePodContainer', message);
      throw error;
    }
  }

  async #perform(actions: PodActions, signal: AbortSignal): Promise<void> {
    const { cache, recorder } = this.#context;
    const pod = this.#pod;
    const state = cache.state(this.uid);
    if (actions.reset.length > 0) {
      await resetContainers(this.#context, pod, actions.reset, signal);
      this.#failures.clear();
      this.look(true);
      return;
    }
    if (actions.killPod) {
      if (actions.createSandbox !== undefined) {
        const message = 'Pod sandbox changed, it will be killed and re-created.';
        podEvent(recorder, pod, 'Normal', 'SandboxChanged', message);
      }
      await stopPod(this.#context, pod, state, undefined, signal);
    }
    const podIp = state.sandboxes[0]?.ips[0] ?? '';
    await Promise.all(
      actions.kill.map(async ({ containerId, container, message, reason }) => {
        const status = state.containers.find(({ id }) => id === containerId);
        if (status === undefined) return;
        await stopContainer(this.#context, { pod, container, status, message, reason, podIp }, signal);
      }),
    );
    // How a container ended is told before what it waits for.
    if (actions.waiting.length > 0) await this.#context.environment.turn();
    for (const { container, until, waitMs, message } of actions.waiting) {
      this.#failures.set(container.name, { reason: 'CrashLoopBackOff', message });
      this.#tellBackOff(container, until);
      this.#wakeUp.at(this.#context.environment.monotonic() + waitMs);
    }
    if (actions.start.length === 0) return;
    await this.#start(actions, signal);
    await removeDeadParts(this.#context, cache.state(this.uid));
  }

  async #start(actions: PodActions, signal: AbortSignal): Promise<void> {
    const { environment, crashBackOff, config, metrics } = this.#context;
    const pod = this.#pod;
    const [sandbox, secrets] = await Promise.all([
      ensureSandbox(this.#context, pod, actions.createSandbox, signal),
      pullSecrets(this.#context, pod),
    ]);
    if (actions.createSandbox !== undefined) await this.#report(false);
    for (const toStart of actions.start) {
      const { container, kind, previousEnd } = toStart;
      const notBefore = this.#startNotBefore.get(container.name) ?? 0;
      if (environment.monotonic() < notBefore) {
        this.#wakeUp.at(notBefore);
        if (kind === 'init') return;
        continue;
      }
      if (previousEnd !== undefined) crashBackOff.record(this.#backOffKey(container), previousEnd, environment.now());
      this.#failures.delete(container.name);
      metrics.containerStarting(kind);
      const outcome = await startContainer(this.#context, { pod, toStart, pullSecrets: secrets, ...sandbox }, signal);
      if (outcome.failure === undefined) continue;
      metrics.containerFailed(kind, outcome.failure.reason);
      this.#failures.set(container.name, outcome.failure);
      const retryAt = outcome.retryAt ?? environment.monotonic() + config.syncRetryMs;
      this.#startNotBefore.set(container.name, retryAt);
      this.#wakeUp.at(retryAt);
      if (kind === 'init') return;
    }
  }

  /** Stops what runs, tells how it ended, and gives back what the pod held. */
  async #bringToEnd(ending: Ending, signal: AbortSignal): Promise<void> {
    const { cache, volumes, cgroups, statuses, logger } = this.#context;
    if (this.#phase === 'running') {
      this.#phase = 'ending';
      this.#failures.clear();
      await this.#report(false);
    }
    await this.#stopAll(ending, signal);
    const left = cache.state(this.uid).containers.filter(({ state }) => state === 'running');
    if (left.length > 0) throw new Error(`${left.length} containers still run after they were stopped`);
    await this.#report(true);
    this.#context.probes.forget(this.uid);
    await volumes.unmount(this.uid);
    await cgroups.remove(this.#pod);
    this.#phase = 'ended';
    this.#wakeUp.stop();
    statuses.finish(this.#pod);
    logger.debug('a pod has ended', { pod: describePod(this.#pod) });
    this.#onEnded(this);
  }

  async #stopAll({ gracePeriodSeconds }: Ending, signal: AbortSignal): Promise<void> {
    const { cache, recorder } = this.#context;
    try {
      await stopPod(this.#context, this.#pod, cache.state(this.uid), gracePeriodSeconds, signal);
    } catch (error) {
      if (!signal.aborted)
        podEvent(recorder, this.#pod, 'Warning', 'FailedKillPod', `error killing pod: ${runtimeText(error)}`);
      throw error;
    }
  }

  /** Answers the phase. */
  #report(finished: boolean): Promise<string | undefined> {
    return this.#reporter.report({
      pod: this.#pod,
      failures: this.#failures,
      ending: this.#phase !== 'running',
      finished,
      failed: this.#ending?.failed,
    });
  }

  #checkDeadline(): void {
    const { environment, recorder } = this.#context;
    const { activeDeadlineSeconds } = this.#pod.spec ?? {};
    const start = parseTime(this.#context.statuses.get(this.uid)?.startTime ?? this.#pod.status?.startTime);
    if (activeDeadlineSeconds === undefined || start === undefined || this.#ending !== undefined) return;
    const at = start + activeDeadlineSeconds * 1000;
    const leftMs = at - environment.now();
    if (leftMs > 0) {
      this.#wakeUp.at(environment.monotonic() + leftMs);
      return;
    }
    podEvent(recorder, this.#pod, 'Normal', deadlineExceeded.reason, deadlineExceeded.message);
    this.#ending = { failed: deadlineExceeded };
  }

  #tellBackOff(container: Container, until: number): void {
    if (this.#toldBackOff.get(container.name) === until) return;
    this.#toldBackOff.set(container.name, until);
    const message = `Back-off restarting failed container ${container.name} in pod ${describePod(this.#pod)}`;
    containerEvent(this.#context.recorder, this.#pod, container, 'Warning', 'BackOff', message);
  }

  #backOffKey(container: Container): string {
    return `${this.uid}/${container.name}/${containerHash(container)}`;
  }
}
