import type { FieldError } from '../../machinery/field-error.ts';
import { invalid, notSupported, required } from '../../machinery/field-errors.ts';
import type { CronJobSpec, JobSpec } from '../schema/batch-v1.generated.ts';
import { validateNonNegative } from '../validation/numbers.ts';
import { parseCronSchedule } from './cron-schedule.ts';
import { isTimeZone } from './time-zone.ts';
import { validateJobSpec } from './validate-job-spec.ts';

const concurrencyPolicies = ['Allow', 'Forbid', 'Replace'];
/** What a part of a name in the tz database is made of. */
const zonePart = /^[A-Za-z.\-_0-9+]{1,14}$/;

/** `old` is undefined on create. */
export function validateCronJobSpec(spec: CronJobSpec, old: CronJobSpec | undefined, errors: FieldError[]): void {
  if (spec.schedule !== '') validateSchedule(spec, old, errors);
  validateNonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', errors);
  if (old === undefined || old.timeZone !== spec.timeZone) validateTimeZone(spec.timeZone, errors);
  const { concurrencyPolicy = '' } = spec;
  if (concurrencyPolicy === '') errors.push(required('spec.concurrencyPolicy'));
  else if (!concurrencyPolicies.includes(concurrencyPolicy))
    errors.push(notSupported('spec.concurrencyPolicy', concurrencyPolicy, concurrencyPolicies));
  validateTemplate(spec.jobTemplate.spec ?? { template: {} }, 'spec.jobTemplate.spec', errors);
  validateNonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', errors);
  validateNonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', errors);
  if (spec.schedule === '') errors.push(required('spec.schedule'));
}

function validateSchedule(spec: CronJobSpec, old: CronJobSpec | undefined, errors: FieldError[]): void {
  const { schedule, timeZone } = spec;
  const path = 'spec.schedule';
  try {
    parseCronSchedule(schedule);
  } catch (error) {
    errors.push(invalid(path, schedule, (error as Error).message));
  }
  if (!schedule.includes('TZ')) return;
  // CronJobs that were made before it was forbidden can still be changed.
  if (old === undefined || !old.schedule.includes('TZ')) {
    const detail = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
    errors.push(invalid(path, schedule, detail));
  } else if (timeZone !== undefined)
    errors.push(invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
}

function validateTimeZone(timeZone: string | undefined, errors: FieldError[]): void {
  if (timeZone === undefined) return;
  const refuse = (detail: string) => errors.push(invalid('spec.timeZone', timeZone, detail));
  if (timeZone === '') refuse('timeZone must be nil or non-empty string');
  else if (!timeZone.split('/').every(isZonePart)) refuse(`unknown time zone ${timeZone}`);
  else {
    if (timeZone.toLowerCase() === 'local')
      refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
    if (timeZone !== 'Local' && !isTimeZone(timeZone)) refuse(`unknown time zone ${timeZone}`);
  }
}

function isZonePart(part: string): boolean {
  return part !== '.' && part !== '..' && !part.startsWith('-') && zonePart.test(part);
}

/** The selectors of its jobs are generated, each has one of its own. */
function validateTemplate(spec: JobSpec, path: string, errors: FieldError[]): void {
  validateJobSpec(spec, path, errors);
  if (spec.selector !== undefined)
    errors.push(invalid(`${path}.selector`, spec.selector, '`selector` will be auto-generated'));
  if (spec.manualSelector === true)
    errors.push(notSupported(`${path}.manualSelector`, spec.manualSelector, ['nil', 'false']));
}
