import type { Container, ContainerStatus, Pod } from '../../resources/schema/core-v1.generated.ts';
import { allRestartingReason } from '../pods/restart-all.ts';
import { isRestartableInit, restartsAfter } from '../pods/restart-policy.ts';

export interface PhaseInput {
  readonly pod: Pod;
  /** Of init and main containers. */
  readonly statuses: readonly ContainerStatus[];
  /** Nothing will be started again, whatever the restart policy says. */
  readonly finished: boolean;
  /** A main container was started in the sandbox in use. */
  readonly initialized: boolean;
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

type Standing =
  /** Not made yet. */
  | 'waiting'
  | 'running'
  | 'unknown'
  /** Ended, or waiting to be started again after its end. */
  | {
      readonly exitCode: number;
      /** It was taken away so that its pod starts all over. */
      readonly comesAgain: boolean;
    };

/** The phase of a pod, from how its containers stand. */
export function podPhase({ pod, statuses, finished, initialized }: PhaseInput): Phase {
  const init = initStanding(pod, statuses);
  if (init === 'failed') return 'Failed';
  const mains = (pod.spec?.containers ?? []).map((container) => ({
    container,
    standing: standingOf(container, statuses),
  }));
  const sidecars = (pod.spec?.initContainers ?? [])
    .filter(isRestartableInit)
    .map((container) => standingOf(container, statuses));
  const all = [...sidecars.filter((each) => typeof each === 'string'), ...mains.map(({ standing }) => standing)];
  const sidecarsPending = statuses.some((status) => isPendingSidecar(status, pod.spec?.initContainers ?? []));
  if (init === 'pending' || (sidecarsPending && !initialized) || all.includes('waiting')) return 'Pending';
  if (all.includes('unknown')) return 'Pending';
  if (all.includes('running')) return 'Running';
  const ended = mains.flatMap(({ container, standing }) =>
    typeof standing === 'string' ? [] : { container, ...standing },
  );
  if (ended.length === 0) return 'Pending';
  if (
    !finished &&
    ended.some(({ container, exitCode, comesAgain }) => comesAgain || restartsAfter(container, pod, exitCode))
  )
    return 'Running';
  return ended.every(({ exitCode }) => exitCode === 0) ? 'Succeeded' : 'Failed';
}

function initStanding(pod: Pod, statuses: readonly ContainerStatus[]): 'done' | 'pending' | 'failed' {
  let standing: 'done' | 'pending' = 'done';
  for (const container of pod.spec?.initContainers ?? []) {
    if (isRestartableInit(container)) continue;
    const each = standingOf(container, statuses);
    if (typeof each === 'string') standing = 'pending';
    else if (each.exitCode !== 0 && !each.comesAgain && !restartsAfter(container, pod, each.exitCode)) return 'failed';
  }
  return standing;
}

function standingOf(container: Container, statuses: readonly ContainerStatus[]): Standing {
  const status = statuses.find(({ name }) => name === container.name);
  if (status?.state?.running !== undefined) return 'running';
  if (status?.state?.terminated !== undefined) return { exitCode: status.state.terminated.exitCode, comesAgain: false };
  if (status?.state?.waiting === undefined) return 'unknown';
  const last = status.lastState?.terminated;
  return last === undefined ? 'waiting' : { exitCode: last.exitCode, comesAgain: last.reason === allRestartingReason };
}

function isPendingSidecar(status: ContainerStatus, inits: readonly Container[]): boolean {
  const container = inits.find(({ name }) => name === status.name);
  if (container === undefined || !isRestartableInit(container)) return false;
  if (status.state?.running !== undefined) return status.started !== true;
  return status.state?.terminated === undefined && status.lastState?.terminated === undefined;
}
