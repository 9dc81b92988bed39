import { milliValueOf, wholeValueOf } from '../../machinery/quantity.ts';
import type { Container, Pod, ResourceRequirements } from '../../resources/schema/core-v1.generated.ts';
import { activeContainer, type PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { isRestartableInit } from '../pods/restart-policy.ts';
import type { Allocation } from './allocation.ts';

export interface ContainerResize {
  readonly container: Container;
  readonly containerId: string;
  /** Bytes; 0 is no limit. */
  readonly memoryLimitBefore: number;
  readonly memoryLimit: number;
  /** Whether it gets less of anything; those are first. */
  readonly shrinks: boolean;
}

export interface ResizeActions {
  /** Containers that have to be started anew for their new size, as their policy says. */
  readonly restart: ReadonlySet<string>;
  readonly update: readonly ContainerResize[];
}

interface Amounts {
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryRequest: number;
  readonly memoryLimit: number;
}

/** Which containers run with other resources than their pod was given. Pure. `pod`: with what was given to it. */
export function decideResize(pod: Pod, state: PodRuntimeState, actual: Allocation): ResizeActions {
  const restart = new Set<string>();
  const update: ContainerResize[] = [];
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  for (const container of [...initContainers, ...containers]) {
    const status = activeContainer(state, container.name);
    if (status?.state !== 'running') continue;
    const wanted = amountsOf(container.resources, pod.spec?.resources);
    const before = amountsOf(actual.containers.get(container.name), actual.whole);
    const changed = changedResources(wanted, before);
    if (changed.length === 0) continue;
    const mayRestart = containers.includes(container) || isRestartableInit(container);
    if (mayRestart && changed.some((name) => restartsFor(container, name))) restart.add(container.name);
    else
      update.push({
        container,
        containerId: status.id,
        memoryLimitBefore: before.memoryLimit,
        memoryLimit: wanted.memoryLimit,
        shrinks: isLess(wanted.memoryLimit, before.memoryLimit) || isLess(wanted.cpuLimit, before.cpuLimit),
      });
  }
  // What some give up is there for others.
  update.sort((a, b) => Number(b.shrinks) - Number(a.shrinks));
  return { restart, update };
}

/** Whether a limit is lower than another; 0 is none. */
export function isLess(limit: number, other: number): boolean {
  return limit > 0 && (other === 0 || limit < other);
}

/** A container without a limit has that of its pod. */
function amountsOf(own: ResourceRequirements = {}, whole: ResourceRequirements = {}): Amounts {
  const { requests, limits } = own;
  const cpu = (quantity: string | number | undefined) => (quantity === undefined ? 0 : milliValueOf(quantity));
  const bytes = (quantity: string | number | undefined) => (quantity === undefined ? 0 : wholeValueOf(quantity));
  return {
    cpuRequest: cpu(requests?.['cpu']),
    cpuLimit: cpu(limits?.['cpu'] ?? whole.limits?.['cpu']),
    memoryRequest: bytes(requests?.['memory']),
    memoryLimit: bytes(limits?.['memory'] ?? whole.limits?.['memory']),
  };
}

function changedResources(one: Amounts, other: Amounts): readonly string[] {
  return [
    ...(one.cpuRequest === other.cpuRequest && one.cpuLimit === other.cpuLimit ? [] : ['cpu']),
    ...(one.memoryRequest === other.memoryRequest && one.memoryLimit === other.memoryLimit ? [] : ['memory']),
  ];
}

function restartsFor({ resizePolicy }: Container, name: string): boolean {
  return resizePolicy?.some((each) => each.resourceName === name && each.restartPolicy === 'RestartContainer') ?? false;
}
