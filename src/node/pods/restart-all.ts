import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Container, Pod, PodCondition } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { latestContainer, type PodRuntimeState } from './pod-runtime-state.ts';
import { matchingRule } from './restart-policy.ts';

/** The condition that says that a pod starts all over (KEP-5532), and the reason in its containers' statuses. */
export const allRestarting = 'AllContainersRestarting';
export const allRestartingReason = 'RestartingAllContainers';

/** One container of the runtime's that is to be removed, killed before where it runs. */
export interface ContainerToReset {
  readonly container: Container;
  readonly status: ContainerStatus;
}

/** Whether the end of a container of the pod can start all of them again. */
export function mayRestartAll(pod: Pod): boolean {
  return containersOf(pod).some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
}

/** Whether the pod is to start all over: it began to, or a container has ended in a way that asks for it. */
export function restartsAll(pod: Pod, state: PodRuntimeState, conditions: readonly PodCondition[] = []): boolean {
  if (!mayRestartAll(pod)) return false;
  if (isConditionTrue(conditions, allRestarting)) return true;
  return containersOf(pod).some((container) => {
    const status = latestContainer(state, container.name);
    return status !== undefined && triggers(container, status);
  });
}

/** Main containers first, then init containers; those that asked for it last, so that who comes after a crash still sees why. */
export function containersToReset(pod: Pod, state: PodRuntimeState): readonly ContainerToReset[] {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const found = [...containers, ...initContainers].flatMap((container) =>
    state.containers
      .filter(({ metadata }) => metadata.name === container.name)
      .map((status) => ({ container, status })),
  );
  const isSource = ({ container, status }: ContainerToReset) => triggers(container, status);
  return [...found.filter((each) => !isSource(each)), ...found.filter(isSource)];
}

function triggers(container: Container, { state, exitCode }: ContainerStatus): boolean {
  return state === 'exited' && matchingRule(container, exitCode)?.action === 'RestartAllContainers';
}

function containersOf({ spec }: Pod): readonly Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}
