import { ageSince, humanDuration, parseTime } from '../../machinery/time.ts';
import { containerCells, selectorText } from '../apps/workload-row.ts';
import type { Cell } from '../definition.ts';
import type { Job } from '../schema/batch-v1.generated.ts';
import { trueCondition } from './job-conditions.ts';

export function jobRow(job: Job, now: number): readonly Cell[] {
  const { metadata, spec, status = {} } = job;
  return [
    metadata.name ?? '',
    statusText(job),
    completionsText(job),
    durationText(status.startTime, status.completionTime, now),
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(spec?.template),
    selectorText(spec?.selector),
  ];
}

const shownConditions = ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'];

function statusText(job: Job): string {
  if (trueCondition(job, 'Complete') !== undefined) return 'Complete';
  if (trueCondition(job, 'Failed') !== undefined) return 'Failed';
  if (typeof job.metadata.deletionTimestamp === 'string') return 'Terminating';
  return shownConditions.find((type) => trueCondition(job, type) !== undefined) ?? 'Running';
}

function completionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText(start: string | undefined, end: string | undefined, now: number): string {
  const startMs = parseTime(start);
  return startMs === undefined ? '' : humanDuration((parseTime(end) ?? now) - startMs);
}
