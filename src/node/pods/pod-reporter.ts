import { formatTime } from '../../machinery/time.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { StartFailure } from '../pod-status/container-statuses.ts';
import { isOwnCondition } from '../pod-status/pod-conditions.ts';
import { isTerminal, type PodFailure, podStatus } from '../pod-status/pod-status.ts';
import { TerminationMessages } from './termination-messages.ts';
import type { WorkerContext } from './worker-context.ts';

export interface Report {
  readonly pod: Pod;
  /** Why containers that should run do not, by name. */
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** The pod is being brought to its end. */
  readonly ending: boolean;
  /** Nothing of it runs any more, and nothing will. */
  readonly finished: boolean;
  /** Why the pod fails, where that is not for its containers to say. */
  readonly failed: PodFailure | undefined;
}

/** Tells the API how one pod fares. */
export class PodReporter {
  readonly #context: WorkerContext;
  readonly #uid: string;
  readonly #messages: TerminationMessages;
  readonly #firstSeenAt: number;

  constructor(context: WorkerContext, uid: string) {
    this.#context = context;
    this.#uid = uid;
    this.#messages = new TerminationMessages(context.host.files, context.config);
    this.#firstSeenAt = context.environment.now();
  }

  /** Decides the status anew, and whom to probe. Answers the phase. */
  async report({ pod, failures, ending, finished, failed }: Report): Promise<string | undefined> {
    const { cache, statuses, probes, machine, environment, metrics, resizes } = this.#context;
    const state = cache.state(this.#uid);
    await this.#messages.read(state.containers);
    probes.track(pod, state, ending);
    // Nothing is left of it that could be told better than it was.
    if (isTerminal(pod.status?.phase) && state.containers.length === 0 && state.sandboxes.length === 0)
      return pod.status?.phase;
    const { initContainers = [], containers: main = [], ephemeralContainers = [] } = pod.spec ?? {};
    const containers = initContainers.length + main.length + ephemeralContainers.length;
    const previous = statuses.get(this.#uid) ?? pod.status ?? {};
    const status = podStatus({
      pod,
      previous,
      state,
      failures,
      probes,
      terminationMessage: (id) => this.#messages.of(id, containers),
      actual: resizes.actual(this.#uid),
      resizeConditions: resizes.conditions(this.#uid),
      finished,
      failed: finished ? failed : undefined,
      hostIps: machine.hostIps,
      now: environment.now(),
    });
    metrics.statusChanged(this.#uid, previous, status);
    if (status.phase === 'Running' && previous.phase === 'Pending')
      metrics.podStarted(environment.now() - this.#firstSeenAt);
    // A phase that is the last is not told before nothing runs any more: whoever sees it may give the pod's things to others.
    const held = !finished && isTerminal(status.phase) && !isTerminal(pod.status?.phase);
    statuses.set(pod, held ? { ...status, phase: previous.phase ?? 'Pending' } : status);
    return status.phase;
  }

  /** The pod is not taken. */
  reject(pod: Pod, { reason, message }: StartFailure): void {
    const { statuses, environment } = this.#context;
    const { qosClass, conditions = [] } = pod.status ?? {};
    const foreign = conditions.filter(({ type }) => !isOwnCondition(type));
    statuses.set(pod, {
      observedGeneration: pod.metadata.generation,
      phase: 'Failed',
      reason,
      message: `Pod was rejected: ${message}`,
      startTime: formatTime(environment.now()),
      ...(foreign.length > 0 && { conditions: foreign }),
      ...(qosClass !== undefined && { qosClass }),
    });
  }
}
