import { quote } from '../../machinery/go-text.ts';
import type { ContainerStatus, Pod, PodCondition } from '../../resources/schema/core-v1.generated.ts';
import { type PodRuntimeState, sandboxNeed } from '../pods/pod-runtime-state.ts';
import { allRestarting, containersToReset, mayRestartAll } from '../pods/restart-all.ts';
import { isRestartableInit } from '../pods/restart-policy.ts';
import type { Phase } from './pod-phase.ts';

export interface ConditionsInput {
  readonly pod: Pod;
  readonly state: PodRuntimeState;
  readonly phase: Phase;
  readonly initStatuses: readonly ContainerStatus[];
  readonly mainStatuses: readonly ContainerStatus[];
  /** The pod starts all over. */
  readonly restarting: boolean;
  /** The conditions others have written on the pod: readiness gates look at them. */
  readonly foreign: readonly PodCondition[];
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const yes: Verdict = { status: 'True' };

/** The conditions that the node agent owns; when they last changed is not decided here. */
export function podConditions(input: ConditionsInput): PodCondition[] {
  const ready = containersReady(input);
  const observedGeneration = input.pod.metadata.generation;
  const condition = (type: string, verdict: Verdict): PodCondition => ({ type, observedGeneration, ...verdict });
  return [
    condition('PodReadyToStartContainers', readyToStart(input)),
    condition('Initialized', initialized(input)),
    condition('Ready', ready.status === 'True' ? gatesReady(input) : ready),
    condition('ContainersReady', ready),
    condition('PodScheduled', yes),
    ...(mayRestartAll(input.pod) ? [{ type: allRestarting, ...restartingAll(input) }] : []),
  ];
}

const owned: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  allRestarting,
  // These are there only while there is something to say.
  'PodResizePending',
  'PodResizeInProgress',
]);

export function isOwnCondition(type: string): boolean {
  return owned.has(type);
}

function readyToStart({ pod, state }: ConditionsInput): Verdict {
  const need = sandboxNeed(pod, state);
  return need.changed ? { status: 'False', reason: 'PodSandboxNotReady', message: need.reason } : yes;
}

function initialized({ pod, phase, initStatuses, mainStatuses }: ConditionsInput): Verdict {
  const inits = pod.spec?.initContainers ?? [];
  const byName = new Map(initStatuses.map((status) => [status.name, status]));
  const unknown = inits.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' };
  if (mainStatuses.some(hasEverRun)) return yes;
  const incomplete = inits
    .filter((container) => {
      const status = byName.get(container.name);
      if (status === undefined) return false;
      return isRestartableInit(container) ? status.started !== true : !status.ready;
    })
    .map(({ name }) => name);
  const message = listed(unknown, 'containers with unknown status', incomplete, 'containers with incomplete status');
  return message === '' ? yes : { status: 'False', reason: 'ContainersNotInitialized', message };
}

/** True until everything that ran before is taken away. */
function restartingAll({ phase, restarting, pod, state }: ConditionsInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (!restarting || containersToReset(pod, state).length === 0) return { status: 'False' };
  const message = 'container exited with restart policy rule';
  return { status: 'True', reason: 'RestartAllContainersStarted', message };
}

function hasEverRun({ state, lastState }: ContainerStatus): boolean {
  return state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined;
}

function containersReady({ pod, phase, initStatuses, mainStatuses }: ConditionsInput): Verdict {
  const all = new Map([...initStatuses, ...mainStatuses].map((status) => [status.name, status]));
  const containers = [...(pod.spec?.initContainers ?? []).filter(isRestartableInit), ...(pod.spec?.containers ?? [])];
  const unknown = containers.filter(({ name }) => !all.has(name)).map(({ name }) => name);
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = containers.filter(({ name }) => all.get(name)?.ready === false).map(({ name }) => name);
  const message = listed(unknown, 'containers with unknown status', unready, 'containers with unready status');
  return message === '' ? yes : { status: 'False', reason: 'ContainersNotReady', message };
}

function gatesReady({ pod, foreign }: ConditionsInput): Verdict {
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = foreign.find(({ type }) => type === conditionType);
    if (condition === undefined)
      return `corresponding condition of pod readiness gate ${quote(conditionType)} does not exist.`;
    if (condition.status === 'True') return [];
    return `the status of pod readiness gate ${quote(conditionType)} is not "True", but ${condition.status}`;
  });
  if (messages.length === 0) return yes;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

function listed(a: readonly string[], aWords: string, b: readonly string[], bWords: string): string {
  const parts: string[] = [];
  if (a.length > 0) parts.push(`${aWords}: [${a.join(' ')}]`);
  if (b.length > 0) parts.push(`${bWords}: [${b.join(' ')}]`);
  return parts.join(', ');
}
