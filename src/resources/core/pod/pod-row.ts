import { isConditionTrue } from '../../../machinery/conditions.ts';
import { ageSince, parseTime } from '../../../machinery/time.ts';
import type { Cell } from '../../definition.ts';
import type { ContainerState, ContainerStatus, Pod, PodSpec } from '../../schema/core-v1.generated.ts';
import { isSidecar } from './aggregate-resources.ts';

const none = '<none>';
const emptySpec: PodSpec = { containers: [] };

/** Name, READY, STATUS, RESTARTS, age; with -o wide also address, node, nominated node and readiness gates. */
export function podRow(pod: Pod, now: number): readonly Cell[] {
  const { metadata, spec = emptySpec, status = {} } = pod;
  const summary = summarise(pod);
  return [
    metadata.name ?? '',
    `${summary.ready}/${summary.total}`,
    finalReason(pod, summary.reason),
    restarts(summary, now),
    ageSince(metadata.creationTimestamp, now),
    status.podIPs?.[0]?.ip || none,
    spec.nodeName || none,
    status.nominatedNodeName || none,
    readinessGates(spec, status),
  ];
}

interface Restarts {
  count: number;
  /** Milliseconds since 1970 of the last end of a container that was started again; 0 when there was none. */
  last: number;
}

interface Summary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: Restarts;
}

/** What the states of the containers come to: the first init container that holds up, or else the containers themselves. */
function summarise(pod: Pod): Summary {
  const { spec = emptySpec, status = {} } = pod;
  const sidecars = new Set((spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const total = spec.containers.length + sidecars.size;
  const all: Restarts = { count: 0, last: 0 };
  const ofSidecars: Restarts = { count: 0, last: 0 };
  let ready = 0;
  let initialising: string | undefined;
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecars.has(container.name);
    countRestarts(container, all);
    if (sidecar) countRestarts(container, ofSidecars);
    if (container.state?.terminated?.exitCode === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) ready++;
      continue;
    }
    initialising = initReason(container.state ?? {}, index, spec.initContainers?.length ?? 0);
    break;
  }
  if (initialising !== undefined && !isConditionTrue(pod.status?.conditions, 'Initialized'))
    return { ready, total, reason: initialising, restarts: all };
  const running = summariseContainers(pod, initialising ?? phaseReason(pod), ofSidecars);
  return { ready: ready + running.ready, total, reason: running.reason, restarts: ofSidecars };
}

function countRestarts({ restartCount, lastState }: ContainerStatus, restarts: Restarts): void {
  restarts.count += restartCount;
  restarts.last = Math.max(restarts.last, parseTime(lastState?.terminated?.finishedAt) ?? 0);
}

function initReason({ terminated, waiting }: ContainerState, index: number, count: number): string {
  if (terminated !== undefined) return `Init:${terminated.reason || endOf(terminated)}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${index}/${count}`;
}

function endOf({ signal, exitCode }: NonNullable<ContainerState['terminated']>): string {
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

function phaseReason({ status = {} }: Pod): string {
  const gated = status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  return gated === true ? 'SchedulingGated' : status.reason || (status.phase ?? '');
}

/** The first container that has something to say gives the reason, so they are looked at from the last. */
function summariseContainers(pod: Pod, initial: string, restarts: Restarts): { ready: number; reason: string } {
  let reason = initial;
  let ready = 0;
  for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated, running } = container.state ?? {};
    countRestarts(container, restarts);
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = terminated.reason || endOf(terminated);
    else if (container.ready && running !== undefined) ready++;
  }
  if (reason === 'Completed' && ready > 0)
    reason = isConditionTrue(pod.status?.conditions, 'Ready') ? 'Running' : 'NotReady';
  return { ready, reason };
}

function finalReason({ metadata, status }: Pod, reason: string): string {
  if (metadata.deletionTimestamp === undefined) return reason;
  if (status?.reason === 'NodeLost') return 'Unknown';
  return status?.phase === 'Failed' || status?.phase === 'Succeeded' ? reason : 'Terminating';
}

function restarts({ restarts: { count, last } }: Summary, now: number): string {
  if (count === 0 || last === 0) return String(count);
  return `${count} (${ageSince(new Date(last).toISOString(), now)} ago)`;
}

function readinessGates({ readinessGates: gates = [] }: PodSpec, { conditions = [] }: NonNullable<Pod['status']>) {
  if (gates.length === 0) return none;
  const met = gates.filter(({ conditionType }) => isConditionTrue(conditions, conditionType));
  return `${met.length}/${gates.length}`;
}
