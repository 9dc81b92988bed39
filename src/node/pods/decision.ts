import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { containerHash } from './container-hash.ts';
import { annotations, describePod } from './labels.ts';
import { latestContainer, type PodRuntimeState, restartCountOf } from './pod-runtime-state.ts';
import type { ContainerToReset } from './restart-all.ts';

/** Everything a decision looks at; all of it as it was at one moment. */
export interface DecisionInput {
  readonly pod: Pod;
  readonly state: PodRuntimeState;
  readonly probes: ProbeVerdicts;
  /** The pod starts all over. */
  readonly restartAll: boolean;
  /** Containers that have to be started anew for their new size. */
  readonly restart: ReadonlySet<string>;
  /** How long a container has to wait after it ended at `since`. */
  readonly backOff: (container: Container, since: number) => number;
  readonly now: number;
}

/** What liveness and startup probes say of a container; undefined before their first verdict. */
export interface ProbeVerdicts {
  liveness(containerId: string): ProbeVerdict | undefined;
  startup(containerId: string): ProbeVerdict | undefined;
}

export type ProbeVerdict = 'success' | 'failure';

/** What has to be done for a pod, in this order: kill, make the sandbox, start. */
export interface PodActions {
  /** Stop every container and the sandbox: the pod is done, or gets a new sandbox. */
  readonly killPod: boolean;
  /** The attempt of the sandbox to make. */
  readonly createSandbox: number | undefined;
  /** Removed one after the other, before anything is started. */
  readonly reset: readonly ContainerToReset[];
  readonly kill: readonly ContainerToKill[];
  /** One after the other; after an init container that could not be started nothing more is. */
  readonly start: readonly ContainerToStart[];
  /** Would be started, were it not too soon after its end. */
  readonly waiting: readonly WaitingContainer[];
}

export type ContainerKind = 'init' | 'main' | 'ephemeral';
export type KillReason = 'LivenessProbe' | 'StartupProbe' | undefined;

export interface ContainerToKill {
  readonly containerId: string;
  readonly container: Container;
  /** For the event. */
  readonly message: string;
  /** A failed probe may bring a grace period of its own. */
  readonly reason: KillReason;
}

export interface ContainerToStart {
  readonly container: Container;
  readonly kind: ContainerKind;
  readonly restartCount: number;
  /** When the one before it ended; its back-off is counted from there. */
  readonly previousEnd: number | undefined;
}

export interface WaitingContainer {
  readonly container: Container;
  readonly until: number;
  /** So long from now. */
  readonly waitMs: number;
  /** As the container's status says it. */
  readonly message: string;
}

export const nothing: PodActions = {
  killPod: false,
  createSandbox: undefined,
  reset: [],
  kill: [],
  start: [],
  waiting: [],
};

/** Collects what is to be killed and started, and holds back what crashed a moment ago. */
export class Decision {
  readonly kills: ContainerToKill[] = [];
  readonly starts: ContainerToStart[] = [];
  readonly waits: WaitingContainer[] = [];
  readonly #input: DecisionInput;

  constructor(input: DecisionInput) {
    this.#input = input;
  }

  kill(status: ContainerStatus, container: Container, message: string, reason?: KillReason): void {
    this.kills.push({ containerId: status.id, container, message, reason });
  }

  start(container: Container, kind: ContainerKind): void {
    const { state, pod, backOff, now } = this.#input;
    const previous = latestContainer(state, container.name);
    const restartCount = previous === undefined ? startsBefore(pod, container.name) : restartCountOf(previous) + 1;
    const exited = state.containers.find(
      (each) => each.metadata.name === container.name && each.state === 'exited' && each.finishedAt !== undefined,
    );
    const previousEnd = exited?.finishedAt;
    const delayMs = previousEnd === undefined ? 0 : backOff(container, previousEnd);
    const until = (previousEnd ?? 0) + delayMs;
    // What ended later than now ended before the clock was set back: nobody knows when, and it is not waited for.
    if (delayMs > 0 && now < until && until - now <= delayMs) {
      const message = `back-off ${goDuration(delayMs)} restarting failed container=${container.name} pod=${describePod(pod)}`;
      this.waits.push({ container, until, waitMs: until - now, message });
      return;
    }
    this.starts.push({ container, kind, restartCount, previousEnd });
  }

  actions(): PodActions {
    return { ...nothing, kill: this.kills, start: this.starts, waiting: this.waits };
  }
}

/** How often a container was started of which the runtime has no trace any more. */
function startsBefore(pod: Pod, name: string): number {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const status = [...initContainerStatuses, ...containerStatuses].find((each) => each.name === name);
  if (status === undefined) return 0;
  // One that is to come has been counted.
  return status.containerID === undefined ? status.restartCount : status.restartCount + 1;
}

/** Whether the pod asks for another container than the one that runs. */
export function hasChanged(container: Container, status: ContainerStatus): boolean {
  const hash = status.annotations[annotations.hash];
  return hash !== undefined && hash !== containerHash(container);
}

/** Whole seconds as Go prints a duration: `10s`, `1m20s`, `5m0s`. */
function goDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours}h${minutes % 60}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
