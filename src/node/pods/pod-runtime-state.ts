import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerStatus, SandboxStatus } from '../runtime/runtime.ts';
import { annotations } from './labels.ts';

/** What the runtime has of one pod, the newest first. */
export interface PodRuntimeState {
  readonly sandboxes: readonly SandboxStatus[];
  readonly containers: readonly ContainerStatus[];
}

export const emptyState: PodRuntimeState = { sandboxes: [], containers: [] };

/** The newest container of this name, whatever sandbox it was in. */
export function latestContainer(state: PodRuntimeState, name: string): ContainerStatus | undefined {
  return state.containers.find((container) => container.metadata.name === name);
}

/** The newest container of this name in the sandbox that is in use. */
export function activeContainer(state: PodRuntimeState, name: string): ContainerStatus | undefined {
  const sandbox = activeSandbox(state);
  if (sandbox === undefined) return undefined;
  return state.containers.find(({ metadata, sandboxId }) => metadata.name === name && sandboxId === sandbox.id);
}

/** The newest sandbox, while it is ready. */
export function activeSandbox(state: PodRuntimeState): SandboxStatus | undefined {
  const [newest] = state.sandboxes;
  return newest?.ready === true ? newest : undefined;
}

/** How often a container was started before this one. */
export function restartCountOf(container: ContainerStatus): number {
  const count = Number(container.annotations[annotations.restartCount]);
  return Number.isInteger(count) && count >= 0 ? count : container.metadata.attempt;
}

export interface SandboxNeed {
  /** A (new) sandbox has to be made. */
  readonly changed: boolean;
  /** The attempt of the one in use, or of the one to be made. */
  readonly attempt: number;
  /** Why, as the pod's condition says it. */
  readonly reason: string;
}

/** Whether the pod's newest sandbox can be used. */
export function sandboxNeed(pod: Pod, state: PodRuntimeState): SandboxNeed {
  const [newest] = state.sandboxes;
  if (newest === undefined) return { changed: true, attempt: 0, reason: 'no pod sandbox exists' };
  const { attempt } = newest.metadata;
  const anew = (reason: string): SandboxNeed => ({ changed: true, attempt: attempt + 1, reason });
  if (state.sandboxes.filter((sandbox) => sandbox.ready).length > 1)
    return anew('multiple pod sandboxes are ready and need to be reconciled');
  if (!newest.ready) return anew('pod sandbox is not ready');
  if (pod.spec?.hostNetwork !== true && newest.ips.length === 0) return anew('pod sandbox has no IP address');
  return { changed: false, attempt, reason: '' };
}

/** Whether any main container was ever created, which means that initialization had been done. */
export function anyMainContainerCreated(pod: Pod, state: PodRuntimeState): boolean {
  return pod.spec?.containers.some(({ name }) => latestContainer(state, name) !== undefined) ?? false;
}

/** Whether a main container was started in the sandbox in use: every init container has done its work there. */
export function anyMainContainerStarted(pod: Pod, state: PodRuntimeState): boolean {
  return (
    pod.spec?.containers.some(({ name }) => {
      const active = activeContainer(state, name);
      return active !== undefined && (active.state === 'running' || active.state === 'exited');
    }) ?? false
  );
}

/** Orders a pod's sandboxes, or its containers of one name, the newest first: by their attempts, since the clock may have been set back between them. */
export function newestFirst(
  a: { readonly createdAt: number; readonly metadata: { readonly attempt: number } },
  b: { readonly createdAt: number; readonly metadata: { readonly attempt: number } },
): number {
  return b.metadata.attempt - a.metadata.attempt || b.createdAt - a.createdAt;
}
