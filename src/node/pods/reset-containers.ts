import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerToReset } from './restart-all.ts';
import { stopContainer } from './stop-container.ts';
import type { WorkerContext } from './worker-context.ts';

/** Takes containers away, one after the other and without grace, so that their pod starts all over in its sandbox. Their logs stay. */
export async function resetContainers(
  context: WorkerContext,
  pod: Pod,
  reset: readonly ContainerToReset[],
  signal: AbortSignal,
): Promise<void> {
  const { runtime, cache } = context;
  for (const { container, status } of reset) {
    if (status.state !== 'exited')
      await stopContainer(
        context,
        { pod, container, status, message: 'killing', reason: undefined, podIp: '', gracePeriodSeconds: 0 },
        signal,
      );
    await runtime.removeContainer(status.id, signal);
    await cache.refreshContainer(status.id);
  }
}
