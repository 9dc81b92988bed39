import type { Host } from '../host/host.ts';
import { rotatedLogs } from '../logs/log-rotator.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { deadParts } from './dead-parts.ts';
import type { PodRuntimeState } from './pod-runtime-state.ts';
import type { RuntimeCache } from './runtime-cache.ts';

export interface ContainerRemover {
  readonly runtime: Pick<ContainerRuntime, 'removeContainer' | 'removePodSandbox'>;
  readonly host: Pick<Host, 'files'>;
  readonly cache: RuntimeCache;
}

/** Removes a pod's containers and sandboxes that nobody will ask for again, with their logs. */
export async function removeDeadParts(
  { runtime, host, cache }: ContainerRemover,
  state: PodRuntimeState,
): Promise<void> {
  const dead = deadParts(state);
  for (const { id, logPath } of dead.containers) {
    await runtime.removeContainer(id);
    await cache.refreshContainer(id);
    for (const path of [logPath, ...(await rotatedLogs(host.files, logPath))]) await host.files.remove(path);
  }
  for (const id of dead.sandboxIds) {
    await runtime.removePodSandbox(id);
    await cache.refreshSandbox(id);
  }
}
