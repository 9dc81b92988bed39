import { formatTime } from '../../machinery/time.ts';
import type {
  Container,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '../../resources/schema/core-v1.generated.ts';
import { anyMainContainerStarted, type PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { restartsAll } from '../pods/restart-all.ts';
import { isRestartableInit } from '../pods/restart-policy.ts';
import { type Allocation, withAllocation } from '../resize/allocation.ts';
import { initsAtTheEnd, mainsAtTheEnd } from './at-the-end.ts';
import { containerStatuses, type StartFailure } from './container-statuses.ts';
import { isOwnCondition, podConditions } from './pod-conditions.ts';
import { type Phase, podPhase } from './pod-phase.ts';
import { podResources } from './pod-resources.ts';

export interface PodStatusInput {
  readonly pod: Pod;
  /** The status as it was last decided here; the API's where nothing was yet. */
  readonly previous: PodStatus;
  readonly state: PodRuntimeState;
  readonly failures: ReadonlyMap<string, StartFailure>;
  readonly probes: Readiness;
  readonly terminationMessage: (containerId: string) => string;
  /** What its containers have, and what is to be said of a change of that. */
  readonly actual?: Allocation | undefined;
  readonly resizeConditions?: readonly PodCondition[];
  /** Every container has ended and none will be started again. */
  readonly finished: boolean;
  /** The pod fails for a reason of its own: its deadline, an eviction. */
  readonly failed?: PodFailure | undefined;
  readonly hostIps: readonly string[];
  readonly now: number;
}

/** Why a pod fails that could have run on. */
export interface PodFailure extends StartFailure {
  /** The node ended it for its own sake: whoever made it may look at that as no failure of the pod (KEP-3329). */
  readonly disrupted?: boolean;
}

/** What the probes of a running container say. */
export interface Readiness {
  /** Its startup probe has succeeded, or there is none. */
  started(container: Container, status: ContainerStatus): boolean;
  /** Its readiness probe succeeds, or there is none. */
  ready(container: Container, status: ContainerStatus): boolean;
}

/** The status of a pod as its node sees it. Pure. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, previous, state, now, hostIps, finished, actual } = input;
  const initStatuses = statusesOf(input, pod.spec?.initContainers ?? [], previous.initContainerStatuses);
  const mainStatuses = byName(statusesOf(input, pod.spec?.containers ?? [], previous.containerStatuses));
  const ephemeralStatuses = ephemeralStatusesOf(input, previous.ephemeralContainerStatuses);
  const decided = decidePhase(input, [...initStatuses, ...mainStatuses]);
  const verdict = verdictOf(input, decided);
  const foreign = (pod.status?.conditions ?? []).filter(({ type }) => !isOwnCondition(type));
  const own = podConditions({
    pod,
    state,
    phase: decided,
    initStatuses,
    mainStatuses,
    foreign,
    restarting: restartsAll(pod, state, previous.conditions),
  });
  const resizing = isTerminal(verdict.phase) ? [] : (input.resizeConditions ?? []);
  const ips = podIps(input);
  const [podIP] = ips;
  const [hostIP] = hostIps;
  return {
    observedGeneration: pod.metadata.generation,
    ...verdict,
    conditions: [...disruption(input, foreign), ...resizing, ...own].map((condition) =>
      isOwnCondition(condition.type) ? withTransition(condition, previous.conditions, now) : condition,
    ),
    ...(hostIP !== undefined && { hostIP, hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(podIP !== undefined && { podIP, podIPs: ips.map((ip) => ({ ip })) }),
    startTime: previous.startTime ?? pod.status?.startTime ?? formatTime(now),
    ...(initStatuses.length > 0 && { initContainerStatuses: finished ? initsAtTheEnd(initStatuses) : initStatuses }),
    containerStatuses: finished ? mainsAtTheEnd(mainStatuses, previous.initContainerStatuses) : mainStatuses,
    ...(ephemeralStatuses.length > 0 && { ephemeralContainerStatuses: ephemeralStatuses }),
    ...(pod.status?.qosClass !== undefined && { qosClass: pod.status.qosClass }),
    ...podResources(pod, actual === undefined ? pod : withAllocation(pod, actual)),
  };
}

/** The conditions of others; with that of a pod which its node has ended. */
function disruption(
  { pod, previous, failed, now }: PodStatusInput,
  foreign: readonly PodCondition[],
): readonly PodCondition[] {
  if (failed?.disrupted !== true) return foreign;
  const type = 'DisruptionTarget';
  const condition: PodCondition = {
    type,
    observedGeneration: pod.metadata.generation,
    status: 'True',
    reason: 'TerminationByKubelet',
    message: failed.message,
  };
  return [...foreign.filter((each) => each.type !== type), withTransition(condition, previous.conditions, now)];
}

function statusesOf(
  input: PodStatusInput,
  containers: readonly Container[],
  previous: readonly ContainerStatus[] = [],
): readonly ContainerStatus[] {
  const { pod, probes, actual, state } = input;
  const restarting = restartsAll(pod, state, input.previous.conditions);
  const inits = new Set(pod.spec?.initContainers ?? []);
  return containerStatuses({ ...input, containers, previous, actual, restarting }).map((status, index) => {
    const container = containers[index];
    if (container === undefined) return status;
    if (inits.has(container) && !isRestartableInit(container)) {
      const started = status.state?.running !== undefined;
      return { ...status, started, ready: status.state?.terminated?.exitCode === 0 };
    }
    const started = status.state?.running !== undefined && probes.started(container, status);
    return { ...status, started, ready: started && probes.ready(container, status) };
  });
}

/** Main containers are told in the order of their names. */
function byName(statuses: readonly ContainerStatus[]): readonly ContainerStatus[] {
  return [...statuses].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Nobody probes an ephemeral container, nor waits for it: it is never said to be ready. */
function ephemeralStatusesOf(
  input: PodStatusInput,
  previous: readonly ContainerStatus[] = [],
): readonly ContainerStatus[] {
  const containers: readonly Container[] = input.pod.spec?.ephemeralContainers ?? [];
  const statuses = containerStatuses({ ...input, containers, previous, actual: undefined, restarting: false });
  const told = statuses.map(({ started: _, ...status }) => ({ ...status, ready: false }));
  return byName(told);
}

function decidePhase(input: PodStatusInput, statuses: readonly ContainerStatus[]): Phase {
  const { pod, previous, state, finished, failed } = input;
  if (failed !== undefined) return 'Failed';
  const terminal = [pod.status?.phase, previous.phase].find(isTerminal);
  return terminal ?? podPhase({ pod, statuses, finished, initialized: anyMainContainerStarted(pod, state) });
}

function verdictOf({ pod, previous, finished, failed }: PodStatusInput, decided: Phase) {
  if (failed !== undefined) return { phase: decided, reason: failed.reason, message: failed.message };
  // What never came to run before its end has failed, whatever its conditions say.
  const phase = finished && !isTerminal(decided) ? 'Failed' : decided;
  if (phase !== previous.phase) return { phase };
  const reason = previous.reason ?? pod.status?.reason;
  const message = previous.message ?? pod.status?.message;
  return { phase, ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) };
}

export function isTerminal(phase: string | undefined): phase is 'Succeeded' | 'Failed' {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Addresses stay in the status of a pod whose sandbox is gone. */
function podIps({ pod, previous, state, hostIps }: PodStatusInput): readonly string[] {
  if (pod.spec?.hostNetwork === true) return hostIps;
  const [newest] = state.sandboxes;
  if (newest !== undefined && newest.ips.length > 0) return newest.ips;
  return (previous.podIPs ?? []).map(({ ip }) => ip);
}

/** Keeps the time of the last change while the status stays the same. */
function withTransition(
  condition: PodCondition,
  previous: readonly PodCondition[] | undefined,
  now: number,
): PodCondition {
  const before = previous?.find(({ type }) => type === condition.type);
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : undefined;
  return { ...condition, lastTransitionTime: lastTransitionTime ?? formatTime(now) };
}
