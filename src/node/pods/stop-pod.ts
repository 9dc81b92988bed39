import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import type { PodRuntimeState } from './pod-runtime-state.ts';
import { isRestartableInit } from './restart-policy.ts';
import { stopContainer } from './stop-container.ts';
import type { WorkerContext } from './worker-context.ts';

/**
 * Ends all that runs of a pod, then its sandboxes. Containers end at once and together; sidecars after those they serve, the
 * last one first (KEP-753). Throws when something could not be stopped.
 */
export async function stopPod(
  context: WorkerContext,
  pod: Pod,
  state: PodRuntimeState,
  gracePeriodSeconds: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const podIp = state.sandboxes[0]?.ips[0] ?? '';
  const running = state.containers.filter(
    (container) => container.state === 'running' || container.state === 'unknown',
  );
  const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartableInit).map(({ name }) => name);
  const stop = (status: ContainerStatus, turn: Promise<void> | undefined) =>
    stopContainer(
      context,
      { pod, container: specOf(pod, status), status, message: '', reason: undefined, podIp, gracePeriodSeconds, turn },
      signal,
    );
  const isSidecar = (status: ContainerStatus) => sidecars.includes(status.metadata.name);
  const stops = running.filter((status) => !isSidecar(status)).map((status) => stop(status, undefined));
  for (const name of sidecars.toReversed()) {
    const status = running.find((each) => each.metadata.name === name);
    if (status === undefined) continue;
    const before = Promise.allSettled(stops).then(() => {});
    stops.push(stop(status, before));
  }
  const results = await Promise.allSettled(stops);
  signal.throwIfAborted();
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  for (const sandbox of state.sandboxes) {
    if (!sandbox.ready) continue;
    await context.runtime.stopPodSandbox(sandbox.id, signal);
    await context.cache.refreshSandbox(sandbox.id);
  }
}

/** The container as its pod describes it; one that is no longer described has nothing but its name. */
function specOf(pod: Pod, status: ContainerStatus): Container {
  const { name } = status.metadata;
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers].find((each) => each.name === name) ?? { name };
}
