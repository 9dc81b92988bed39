import { invalid } from '../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { nameWarnings } from '../apps/name-warning.ts';
import { containerCells, selectorText } from '../apps/workload-row.ts';
import { preparePodTemplate } from '../core/pod/pod-template.ts';
import { define } from '../define.ts';
import type { Cell } from '../definition.ts';
import { equal } from '../equal.ts';
import type { CronJob, CronJobSpec } from '../schema/batch-v1.generated.ts';
import { cronJobs } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { dropDisabledJobFields, jobSpecWarnings, setJobTemplateDefaults } from './job-template.ts';
import { validateCronJobSpec } from './validate-cron-job.ts';

/** Names of jobs have room for 63 characters, eleven of which say when the job was due. */
const maxNameLength = 52;

export const cronJobDefinition = define<CronJob>(cronJobs, {
  storage: { keyPrefix: '/registry/cronjobs/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(cronJob) {
    cronJob.status = {};
    prepareTemplate(cronJob);
  },
  prepareForUpdate(cronJob, old) {
    cronJob.status = shared(old.status ?? {});
    prepareTemplate(cronJob);
  },
  validate({ metadata: { name = '' }, spec }, errors) {
    validateCronJobSpec(spec, undefined, errors);
    if (name.length > maxNameLength)
      errors.push(invalid('metadata.name', name, `must be no more than ${maxNameLength} characters`));
  },
  validateUpdate: (cronJob, old, errors) => validateCronJobSpec(cronJob.spec, old.spec, errors),
  warnings(cronJob, old) {
    const { metadata, spec } = cronJob;
    const ofTemplate = () => jobSpecWarnings(spec.jobTemplate.spec ?? { template: {} }, 'spec.jobTemplate.spec');
    if (old === undefined) return [...nameWarnings(metadata), ...ofTemplate()];
    return [...(equal(spec, old.spec) ? [] : ofTemplate()), ...(spec.schedule.includes('TZ') ? [zoneWarning] : [])];
  },
  changesGeneration: (cronJob, old) => !equal(cronJob.spec, old.spec),
  status: {
    prepareForUpdate(cronJob, old) {
      cronJob.spec = shared(old.spec);
    },
  },
  row: cronJobRow,
});

const zoneWarning =
  'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';

function setDefaults(cronJob: Draft<CronJob>): void {
  cronJob.spec ??= {} as Draft<CronJobSpec>;
  cronJob.status ??= {};
  const { spec } = cronJob;
  spec.schedule ??= '';
  if (!spec.concurrencyPolicy) spec.concurrencyPolicy = 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.metadata ??= {};
  spec.jobTemplate.spec ??= { template: {} };
  setJobTemplateDefaults(spec.jobTemplate.spec);
}

function prepareTemplate({ spec: { jobTemplate } }: Draft<CronJob>): void {
  if (jobTemplate.spec === undefined) return;
  dropDisabledJobFields(jobTemplate.spec);
  preparePodTemplate(jobTemplate.spec.template);
}

function cronJobRow({ metadata, spec, status = {} }: CronJob, now: number): readonly Cell[] {
  const { schedule, timeZone, suspend, jobTemplate } = spec;
  return [
    metadata.name ?? '',
    schedule,
    timeZone ?? '<none>',
    suspend === undefined ? '<unset>' : suspend ? 'True' : 'False',
    (status.active ?? []).length,
    status.lastScheduleTime === undefined ? '<none>' : ageSince(status.lastScheduleTime, now),
    ageSince(metadata.creationTimestamp, now),
    ...containerCells(jobTemplate.spec?.template),
    selectorText(jobTemplate.spec?.selector),
  ];
}
