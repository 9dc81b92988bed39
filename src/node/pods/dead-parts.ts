import type { ContainerStatus } from '../runtime/runtime.ts';
import type { PodRuntimeState } from './pod-runtime-state.ts';

/** What the runtime keeps of a pod and nobody will ask for again. */
export interface DeadParts {
  readonly containers: readonly ContainerStatus[];
  readonly sandboxIds: readonly string[];
}

/**
 * Of each container the newest that has ended is kept, for its status and its log (`kubectl logs --previous`); of the sandboxes
 * the newest, and those that still hold a container that is kept. One that was made but not started, by an agent that was killed
 * between the two, has neither status nor log, and another one stands in its place.
 */
export function deadParts(state: PodRuntimeState): DeadParts {
  const made = new Set<string>();
  const ended = new Set<string>();
  const containers = state.containers.filter(({ state: each, metadata: { name } }) => {
    const isFirst = !made.has(name);
    made.add(name);
    if (each === 'created') return !isFirst;
    if (each !== 'exited') return false;
    const known = ended.has(name);
    ended.add(name);
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
