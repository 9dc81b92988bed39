import type { ContainerStatus } from '../../resources/schema/core-v1.generated.ts';
import { lost, lostWhenTerminated } from './container-statuses.ts';

/** The init containers of a pod of which nothing runs any more: up to the last that left a trace, each must have ended. */
export function initsAtTheEnd(inits: readonly ContainerStatus[]): readonly ContainerStatus[] {
  const last = inits.findLastIndex(hasTrace);
  return inits.map((status, index) => (index <= last ? ended(status) : status));
}

/** The main containers of such a pod: where it came to their turn, each must have ended. `inits`: as they were before the end came. */
export function mainsAtTheEnd(
  mains: readonly ContainerStatus[],
  inits: readonly ContainerStatus[] = [],
): readonly ContainerStatus[] {
  const lastInit = inits.at(-1);
  const cameToTurn = lastInit === undefined || mains.some(hasTrace) || lastInit.state?.terminated?.exitCode === 0;
  return cameToTurn ? mains.map(ended) : mains;
}

function hasTrace({ state, lastState, containerID }: ContainerStatus): boolean {
  return (
    state?.running !== undefined ||
    state?.terminated !== undefined ||
    lastState?.terminated !== undefined ||
    (containerID ?? '') !== ''
  );
}

/** Of one that ran unseen, or never did, nothing better can be said. */
function ended(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated !== undefined) return status;
  return { ...status, state: { terminated: { ...lost, message: lostWhenTerminated } } };
}
