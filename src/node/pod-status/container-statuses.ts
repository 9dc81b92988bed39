import { formatTime } from '../../machinery/time.ts';
import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  Pod,
  VolumeMountStatus,
} from '../../resources/schema/core-v1.generated.ts';
import { type PodRuntimeState, restartCountOf } from '../pods/pod-runtime-state.ts';
import { allRestartingReason } from '../pods/restart-all.ts';
import { restartsAfter } from '../pods/restart-policy.ts';
import type { Allocation } from '../resize/allocation.ts';
import type { ContainerStatus as RuntimeStatus } from '../runtime/runtime.ts';

/** Why a container is not running though it should be, in the words of its waiting state. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusesInput {
  readonly pod: Pod;
  readonly containers: readonly Container[];
  readonly previous: readonly ContainerStatus[];
  readonly state: PodRuntimeState;
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** The pod starts all over: what the runtime has nothing of was taken away for that. */
  readonly restarting: boolean;
  /** What the containers have, where that is another thing than was given to them. */
  readonly actual: Allocation | undefined;
  /** What a container left behind as it ended, by container id. */
  readonly terminationMessage: (containerId: string) => string;
}

export const lost = { reason: 'ContainerStatusUnknown', exitCode: 137 } as const;
const lostWhenDeleted =
  'The container could not be located when the pod was deleted.  The container used to be Running';
export const lostWhenTerminated = 'The container could not be located when the pod was terminated';

/** One status per container, in the order of the containers; `ready` and `started` are for the probes to say. */
export function containerStatuses(input: ContainerStatusesInput): ContainerStatus[] {
  return input.containers.map((container) => statusOf(container, input));
}

function statusOf(container: Container, input: ContainerStatusesInput): ContainerStatus {
  const { pod, state, failures } = input;
  const previous = input.previous.find((status) => status.name === container.name);
  const seen = state.containers.filter(({ metadata }) => metadata.name === container.name).slice(0, 2);
  const [newest, before] = seen;
  const status =
    newest === undefined
      ? input.restarting && previous !== undefined && previous.state?.waiting === undefined
        ? takenAway(container, previous)
        : withoutTrace(container, previous, pod)
      : fromRuntime(container, newest, before, previous, input);
  const failure = failures.get(container.name);
  if (failure === undefined || status.state?.running !== undefined || !isWanted(container, pod, newest)) return status;
  const { terminated } = status.state ?? {};
  return {
    ...status,
    state: { waiting: withoutEmpty(failure) },
    ...(terminated === undefined ? {} : { lastState: { terminated } }),
  };
}

/** Whether a container that does not run is to be started again. */
function isWanted(container: Container, pod: Pod, newest: RuntimeStatus | undefined): boolean {
  if (pod.metadata.deletionTimestamp != null) return false;
  return newest?.state !== 'exited' || restartsAfter(container, pod, newest.exitCode);
}

function fromRuntime(
  container: Container,
  newest: RuntimeStatus,
  before: RuntimeStatus | undefined,
  previous: ContainerStatus | undefined,
  { terminationMessage, actual }: ContainerStatusesInput,
): ContainerStatus {
  const lastState = before === undefined ? previous?.lastState : stateOf(before, undefined, terminationMessage);
  const state = stateOf(newest, previous, terminationMessage);
  const { resources } = container;
  const isSame = previous?.containerID === containerIdOf(newest);
  return {
    name: container.name,
    state,
    lastState: lastState ?? {},
    ready: isSame && previous.ready,
    ...(isSame && newest.state === 'running' && previous?.started !== undefined && { started: previous.started }),
    restartCount: Math.max(restartCountOf(newest), isSame ? (previous?.restartCount ?? 0) : 0),
    image: newest.image,
    imageID: newest.imageId,
    containerID: containerIdOf(newest),
    ...(resources?.requests !== undefined && { allocatedResources: resources.requests }),
    resources: (newest.state === 'running' ? actual?.containers.get(container.name) : undefined) ?? resources ?? {},
    ...volumeMounts(container),
  };
}

/** The runtime has nothing of it: it was not made yet, or was cleaned away. */
function withoutTrace(container: Container, previous: ContainerStatus | undefined, pod: Pod): ContainerStatus {
  if (previous?.state?.terminated !== undefined) return previous;
  const hasInit = (pod.spec?.initContainers?.length ?? 0) > 0;
  const wasRunning = previous?.state?.running !== undefined && previous.lastState?.terminated === undefined;
  const restarted = wasRunning && pod.metadata.deletionTimestamp == null ? 1 : 0;
  return {
    name: container.name,
    state: { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: wasRunning
      ? { terminated: { ...lost, message: lostWhenDeleted, ...noTimes } }
      : (previous?.lastState ?? {}),
    ready: false,
    restartCount: (previous?.restartCount ?? 0) + restarted,
    image: container.image ?? '',
    imageID: '',
    ...volumeMounts(container),
  };
}

/** It was removed so that its pod can start all over. */
function takenAway(container: Container, previous: ContainerStatus): ContainerStatus {
  const why = {
    reason: allRestartingReason,
    message: 'The container is removed because RestartAllContainers in place',
  };
  return {
    name: container.name,
    state: { waiting: why },
    lastState: { terminated: { ...why, exitCode: 137, ...noTimes } },
    ready: false,
    restartCount: previous.restartCount + 1,
    image: container.image ?? '',
    imageID: '',
    ...volumeMounts(container),
  };
}

const noTimes: Pick<ContainerStateTerminated, 'startedAt' | 'finishedAt'> = {};

function stateOf(
  status: RuntimeStatus,
  previous: ContainerStatus | undefined,
  terminationMessage: (containerId: string) => string,
): ContainerState {
  switch (status.state) {
    case 'running':
      return { running: { startedAt: formatTime(status.startedAt ?? status.createdAt) } };
    case 'exited':
      return { terminated: terminatedState(status, terminationMessage(status.id)) };
    case 'unknown':
      if (previous?.state?.running !== undefined) return { terminated: { ...lost, message: lostWhenTerminated } };
      return { waiting: {} };
    default:
      return { waiting: {} };
  }
}

function terminatedState(status: RuntimeStatus, message: string): ContainerStateTerminated {
  const text = [status.message, message].filter((part) => part !== '').join(': ');
  return {
    exitCode: status.exitCode,
    ...(status.reason === '' ? {} : { reason: status.reason }),
    ...(text === '' ? {} : { message: text }),
    // One that never came to run has the beginning of time there.
    startedAt: formatTime(status.startedAt ?? 0),
    ...(status.finishedAt === undefined ? {} : { finishedAt: formatTime(status.finishedAt) }),
    containerID: containerIdOf(status),
  };
}

function containerIdOf(status: RuntimeStatus): string {
  return `containerd://${status.id}`;
}

function volumeMounts(container: Container): { readonly volumeMounts?: readonly VolumeMountStatus[] } {
  if (container.volumeMounts === undefined || container.volumeMounts.length === 0) return {};
  return {
    volumeMounts: container.volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true && { readOnly, recursiveReadOnly: 'Disabled' }),
    })),
  };
}

function withoutEmpty({ reason, message }: StartFailure): { reason: string; message?: string } {
  return message === '' ? { reason } : { reason, message };
}
