import type { ContainerStatus } from '../runtime/runtime.ts';
import type { PodRuntimeState } from './pod-runtime-state.ts';

/** What the runtime keeps of a pod and nobody will ask for again. */
export interface DeadParts {
  readonly containers: readonly ContainerStatus[];
  readonly sandboxIds: readonly string[];
}

/**
 * Of each container the newest that has ended is kept, for its status and its log (`kubectl logs --previous`); of the sandboxes
 * the newest, and those that still hold a container that is kept.
 */
export function deadParts(state: PodRuntimeState): DeadParts {
  const seen = new Set<string>();
  const containers = state.containers.filter(({ state: each, metadata }) => {
    if (each !== 'exited') return false;
    const known = seen.has(metadata.name);
    seen.add(metadata.name);
    return known;
  });
  const dead = new Set(containers.map(({ id }) => id));
  const inUse = new Set(state.containers.filter(({ id }) => !dead.has(id)).map(({ sandboxId }) => sandboxId));
  const sandboxIds = state.sandboxes
    .slice(1)
    .filter(({ id, ready }) => !ready && !inUse.has(id))
    .map(({ id }) => id);
  return { containers, sandboxIds };
}
