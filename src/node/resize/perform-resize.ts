import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { linuxResources } from '../pods/linux-resources.ts';
import type { PodRuntimeState } from '../pods/pod-runtime-state.ts';
import { runtimeText } from '../pods/runtime-text.ts';
import type { WorkerContext } from '../pods/worker-context.ts';
import { withAllocation } from './allocation.ts';
import { type ContainerResize, decideResize, isLess } from './decide-resize.ts';

export interface PerformedResize {
  /** Containers that have to be started anew to get their size. */
  readonly restart: ReadonlySet<string>;
  readonly failed: boolean;
}

/**
 * Gives running containers what their pod was given: first room for both sizes in the pod's cgroup, then the containers, those first that
 * give something up, and at last the new limits of the cgroup. A failure is told, and tried again later.
 */
export async function performResize(
  context: WorkerContext,
  pod: Pod,
  state: PodRuntimeState,
  signal: AbortSignal,
): Promise<PerformedResize> {
  const { resizes, cgroups, logger } = context;
  const actual = resizes.actual(pod.metadata.uid ?? '');
  if (actual === undefined) return { restart: new Set(), failed: false };
  const { restart, update } = decideResize(pod, state, actual);
  const before = withAllocation(pod, actual);
  if (before === pod && update.length === 0 && restart.size === 0) return { restart, failed: false };
  try {
    await checkMemory(context, update, signal);
    await cgroups.makeRoom(before, pod);
    for (const each of update) await updateContainer(context, pod, each, signal);
    // Containers that are to be started anew still have their old size.
    if (restart.size === 0) {
      await cgroups.resize(pod);
      resizes.appliedToWhole(pod.metadata.uid ?? '', pod.spec?.resources);
    }
    return { restart, failed: false };
  } catch (error) {
    signal.throwIfAborted();
    logger.info('a pod could not be resized', { pod: pod.metadata.name, err: error });
    resizes.failed(pod, runtimeText(error));
    return { restart: new Set(), failed: true };
  }
}

async function updateContainer(
  { runtime, resizes, machine }: WorkerContext,
  pod: Pod,
  { container, containerId }: ContainerResize,
  signal: AbortSignal,
): Promise<void> {
  const resources = linuxResources(pod, container, machine.memoryCapacityBytes);
  await runtime.updateContainerResources(containerId, resources, signal);
  resizes.applied(pod.metadata.uid ?? '', container.name, container.resources);
}

/** The kernel would kill processes to make a limit true that is below what they use. */
async function checkMemory(
  { runtime }: WorkerContext,
  update: readonly ContainerResize[],
  signal: AbortSignal,
): Promise<void> {
  const shrinking = update.filter(({ memoryLimit, memoryLimitBefore }) => isLess(memoryLimit, memoryLimitBefore));
  if (shrinking.length === 0) return;
  const stats = await runtime.listContainerStats(signal);
  const problems = shrinking.flatMap(({ container, containerId, memoryLimit }) => {
    const used = stats.find((each) => each.containerId === containerId)?.memoryUsageBytes;
    if (used === undefined) return [`missing container "${container.name}" memory usage`];
    if (used < memoryLimit) return [];
    return [
      `attempting to set container "${container.name}" memory limit (${memoryLimit}) below current usage (${used})`,
    ];
  });
  const [only] = problems;
  if (only === undefined) return;
  throw new Error(`cannot decrease memory limits: ${problems.length === 1 ? only : `[${problems.join(', ')}]`}`);
}
