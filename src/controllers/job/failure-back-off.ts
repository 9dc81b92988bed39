import { parseTime } from '../../machinery/time.ts';
import type { ContainerStatus, Pod } from '../../resources/schema/core-v1.generated.ts';
import { podCondition } from '../runtime/pods.ts';
import { earlierFailures } from './completion-index.ts';

const firstMs = 10_000;
const longestMs = 600_000;

/** How often pods of a job have failed since one succeeded, and when the last did. */
export interface BackOffRecord {
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly lastFailureMs: number | undefined;
}

export const noFailures: BackOffRecord = { failures: 0, lastFailureMs: undefined };

/** The record with pods that have ended since. */
export function recordEnds(record: BackOffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackOffRecord {
  if (succeeded.length === 0 && failed.length === 0) return record;
  const failureTimes = failed.map(finishedMs);
  if (succeeded.length === 0)
    return { failures: record.failures + failed.length, lastFailureMs: Math.max(...failureTimes) };
  const lastSuccessMs = Math.max(...succeeded.map(finishedMs));
  const since = failureTimes.filter((ms) => ms > lastSuccessMs);
  return since.length === 0 ? noFailures : { failures: since.length, lastFailureMs: Math.max(...since) };
}

/** How long no new pod may be created yet, in milliseconds. */
export function backOffLeftMs({ failures, lastFailureMs }: BackOffRecord, now: number): number {
  if (failures === 0 || lastFailureMs === undefined) return 0;
  const backOffMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10));
  return Math.max(0, lastFailureMs + backOffMs - now);
}

/** The same for one index, of which this pod was the last to fail. */
export function indexBackOffLeftMs(lastFailed: Pod | undefined, now: number): number {
  if (lastFailed === undefined) return 0;
  const { counted, ignored } = earlierFailures(lastFailed);
  return backOffLeftMs({ failures: counted + ignored + 1, lastFailureMs: finishedMs(lastFailed) }, now);
}

/**
 * When a pod ended, in milliseconds since 1970: when its last container did, or it stopped being ready, or its deletion was
 * asked for, whichever is known first.
 */
export function finishedMs(pod: Pod): number {
  const ready = podCondition(pod, 'Ready');
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = pod.metadata;
  const deletedMs = parseTime(deletionTimestamp);
  return (
    containersFinishedMs(pod) ??
    (ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : undefined) ??
    (deletedMs === undefined ? undefined : deletedMs - deletionGracePeriodSeconds * 1000) ??
    parseTime(creationTimestamp) ??
    0
  );
}

/** Undefined unless all have ended, those that run beside the main ones included. */
function containersFinishedMs({ spec, status }: Pod): number | undefined {
  const beside = new Set(
    (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name),
  );
  const sidecars = (status?.initContainerStatuses ?? []).filter(({ name }) => beside.has(name));
  const times = [...(status?.containerStatuses ?? []), ...sidecars].map(containerFinishedMs);
  if (times.length === 0) return undefined;
  const ended = times.filter((ms) => ms !== undefined);
  return ended.length === times.length ? Math.max(...ended) : undefined;
}

function containerFinishedMs({ state }: ContainerStatus): number | undefined {
  return parseTime(state?.terminated?.finishedAt);
}
