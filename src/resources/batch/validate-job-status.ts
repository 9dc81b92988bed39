import type { FieldError } from '../../machinery/field-error.ts';
import { duplicate, indexPath, invalid, required } from '../../machinery/field-errors.ts';
import { equal } from '../equal.ts';
import type { Job, JobStatus, UncountedTerminatedPods } from '../schema/batch-v1.generated.ts';
import { goValue } from '../validation/go-value.ts';
import { validateNonNegatives } from '../validation/numbers.ts';
import { checkIndexes, isProblem, overlapOfIndexes } from './check-indexes.ts';
import { finishedCondition, trueCondition } from './job-conditions.ts';

const emptyStatus: JobStatus = {};
const conditionsPath = 'status.conditions';

/** One state of a job, read once. */
interface View {
  readonly job: Job;
  readonly status: JobStatus;
  readonly complete: boolean;
  readonly failed: boolean;
  readonly finished: boolean;
  readonly failureTarget: boolean;
  readonly successCriteriaMet: boolean;
}

function viewOf(job: Job): View {
  const holds = (type: string) => trueCondition(job, type) !== undefined;
  return {
    job,
    status: job.status ?? emptyStatus,
    complete: holds('Complete'),
    failed: holds('Failed'),
    finished: finishedCondition(job) !== undefined,
    failureTarget: holds('FailureTarget'),
    successCriteriaMet: holds('SuccessCriteriaMet'),
  };
}

/**
 * What a status may become. Any controller may be in charge of a job (KEP-4368), so the server keeps the status sound. A rule
 * counts when what it is about has changed: a status that was once bad can still be written.
 */
export function validateJobStatusUpdate(job: Job, oldJob: Job, errors: FieldError[]): void {
  const [now, old] = [viewOf(job), viewOf(oldJob)];
  validateNonNegatives(now.status, ['active', 'succeeded', 'failed', 'ready', 'terminating'], 'status', errors);
  validateUncounted(now.status.uncountedTerminatedPods ?? {}, errors);
  validateOutcome(now, old, errors);
  validateFinished(now, old, errors);
  validateIndexes(now, old, errors);
  validateTotals(now, old, errors);
  validateTransition(now, old, errors);
}

/** An error about conditions shows none of them. */
function conditionsError(detail: string): FieldError {
  return { type: 'FieldValueInvalid', field: conditionsPath, detail };
}

function validateUncounted(uncounted: UncountedTerminatedPods, errors: FieldError[]): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [index, uid] of (uncounted[list] ?? []).entries()) {
      const path = indexPath(`status.uncountedTerminatedPods.${list}`, index);
      if (uid === '') errors.push(invalid(path, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(path, uid));
      seen.add(uid);
    }
  }
}

function validateOutcome(now: View, old: View, errors: FieldError[]): void {
  const { completionTime, startTime } = now.status;
  const completeChanged = now.complete !== old.complete;
  const failedChanged = now.failed !== old.failed;
  const timeChanged = completionTime !== old.status.completionTime;
  const path = 'status.completionTime';
  if ((completeChanged || failedChanged) && now.complete && now.failed)
    errors.push(conditionsError('cannot set Complete=True and Failed=true conditions'));
  if ((completeChanged || now.failureTarget !== old.failureTarget) && now.complete && now.failureTarget)
    errors.push(conditionsError('cannot set Complete=True and FailureTarget=true conditions'));
  if (completeChanged || timeChanged) {
    const detail = 'cannot set completionTime when there is no Complete=True condition';
    if (completionTime !== undefined && !now.complete) errors.push(invalid(path, completionTime, detail));
    if (completionTime === undefined && now.complete)
      errors.push(required(path, 'completionTime is required for Complete jobs'));
  }
  const early = startTime !== undefined && completionTime !== undefined && completionTime < startTime;
  if ((timeChanged || startTime !== old.status.startTime) && early)
    errors.push(invalid(path, completionTime, 'must be equal to or after `startTime`'));
  if ((failedChanged || now.status.failedIndexes !== old.status.failedIndexes) && now.failed && !now.failureTarget)
    errors.push(conditionsError('cannot set Failed=True condition without the FailureTarget=true condition'));
  const criteriaChanged = now.successCriteriaMet !== old.successCriteriaMet;
  if ((completeChanged || criteriaChanged) && now.complete && !now.successCriteriaMet)
    errors.push(conditionsError('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
}

function validateFinished(now: View, old: View, errors: FieldError[]): void {
  if (!now.finished) return;
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = now.status;
  const changed = now.finished !== old.finished;
  if ((changed || active !== (old.status.active ?? 0)) && active > 0)
    errors.push(invalid('status.active', active, 'active>0 is invalid for finished job'));
  const { suspend, completions } = now.job.spec ?? {};
  const nothingToDo = suspend === true && completions === 0;
  if ((changed || startTime !== old.status.startTime) && !nothingToDo && startTime === undefined)
    errors.push(required('status.startTime', 'startTime is required for finished job'));
  const left = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length;
  if ((changed || !equal(uncounted, old.status.uncountedTerminatedPods)) && left > 0) {
    const shown = goValue(uncounted, 'batch.v1.UncountedTerminatedPods');
    errors.push(invalid('status.uncountedTerminatedPods', shown, 'must be empty for finished job'));
  }
}

function validateIndexes(now: View, old: View, errors: FieldError[]): void {
  const { completedIndexes = '', failedIndexes } = now.status;
  const { completions, backoffLimitPerIndex, completionMode } = now.job.spec ?? {};
  const completedChanged = completedIndexes !== (old.status.completedIndexes ?? '');
  const failedChanged = failedIndexes !== old.status.failedIndexes;
  const validate = (field: 'completedIndexes' | 'failedIndexes', indexes: string) => {
    const checked = checkIndexes(indexes, completions ?? 0);
    if (isProblem(checked))
      errors.push(invalid(`status.${field}`, indexes, `error parsing ${field}: ${checked.problem}`));
  };
  if (completedChanged && completions !== undefined) validate('completedIndexes', completedIndexes);
  if (failedChanged && completions !== undefined && backoffLimitPerIndex !== undefined && failedIndexes !== undefined)
    validate('failedIndexes', failedIndexes);
  if (completedChanged && completedIndexes !== '' && completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(invalid('status.completedIndexes', completedIndexes, detail));
  }
  if (failedIndexes === undefined) return;
  if (failedChanged && backoffLimitPerIndex === undefined) {
    const detail = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(invalid('status.failedIndexes', failedIndexes, detail));
  }
  if ((!failedChanged && !completedChanged) || completions === undefined) return;
  const overlap = overlapOfIndexes(completedIndexes, failedIndexes, completions);
  if (overlap !== undefined) errors.push(invalid('status.failedIndexes', failedIndexes, overlap.problem));
}

function validateTotals(now: View, old: View, errors: FieldError[]): void {
  const { terminating, ready, active = 0 } = now.status;
  const finishedChanged = now.finished !== old.finished;
  if ((finishedChanged || terminating !== old.status.terminating) && now.finished && (terminating ?? 0) > 0)
    errors.push(invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  const changed = ready !== old.status.ready || active !== (old.status.active ?? 0);
  if (changed && (ready ?? 0) > active)
    errors.push(invalid('status.ready', ready, 'cannot set more ready pods than active'));
  if (now.successCriteriaMet && now.failed)
    errors.push(conditionsError('cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  if (now.successCriteriaMet && now.failureTarget)
    errors.push(conditionsError('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  if (now.job.spec?.successPolicy !== undefined && !now.successCriteriaMet && now.complete)
    errors.push(conditionsError('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'));
}

function validateTransition(now: View, old: View, errors: FieldError[]): void {
  for (const [type, before, after] of [
    ['Failed', old.failed, now.failed],
    ['Complete', old.complete, now.complete],
    ['FailureTarget', old.failureTarget, now.failureTarget],
  ] as const)
    if (before && !after) errors.push(conditionsError(`cannot disable the terminal ${type}=True condition`));
  const { spec } = now.job;
  const elastic = spec?.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  for (const counter of ['failed', 'succeeded'] as const) {
    const value = now.status[counter] ?? 0;
    const mayShrink = counter === 'succeeded' && elastic;
    if (!mayShrink && value < (old.status[counter] ?? 0))
      errors.push(invalid(`status.${counter}`, value, `cannot decrease the ${counter} counter`));
  }
  validateTimes(now, old, errors);
  if (old.successCriteriaMet && !now.successCriteriaMet)
    errors.push(conditionsError('cannot disable the SuccessCriteriaMet=True condition'));
  if (old.complete && !old.successCriteriaMet && now.successCriteriaMet)
    errors.push(conditionsError('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
}

function validateTimes(now: View, old: View, errors: FieldError[]): void {
  const { startTime, completionTime } = now.status;
  const before = old.status;
  if (completionTime !== undefined && before.completionTime !== undefined && completionTime !== before.completionTime)
    errors.push(invalid('status.completionTime', completionTime, 'field is immutable'));
  if (before.startTime === undefined || before.startTime === startTime || now.job.spec?.suspend === true) return;
  const resumed = now.status.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'False');
  if (trueCondition(old.job, 'Suspended') !== undefined && resumed === true) return;
  errors.push(invalid('status.startTime', startTime, 'field is immutable for unsuspended job once set'));
}
