import type { Environment } from '../../machinery/environment/environment.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';

/** As much of a runtime as this takes. */
export interface PodRuntime extends Pick<ContainerRuntime, 'stopPodSandbox' | 'removePodSandbox'> {
  listPodSandboxes(signal: AbortSignal): Promise<readonly { readonly id: string }[]>;
}

const atOnce = 8;
const attempts = 3;
const restMs = 500;

/**
 * Ends all pods of a runtime, and with each gives its network back. A shim that ends while it is asked to fails the call, so that a pod
 * that could not be ended is asked to again. Throws what the last attempt says.
 */
export async function endPods(
  environment: Pick<Environment, 'sleep'>,
  runtime: PodRuntime,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...(await runtime.listPodSandboxes(signal))];
  const end = async (id: string, left: number): Promise<void> => {
    try {
      await runtime.stopPodSandbox(id, signal);
      await runtime.removePodSandbox(id, signal);
    } catch (error) {
      if (left === 0 || signal.aborted) throw error;
      await environment.sleep(restMs, signal);
      await end(id, left - 1);
    }
  };
  const work = async () => {
    for (let sandbox = waiting.pop(); sandbox !== undefined; sandbox = waiting.pop())
      await end(sandbox.id, attempts - 1);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
