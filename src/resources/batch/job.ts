import { invalid } from '../../machinery/field-errors.ts';
import { dnsLabel, nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { validateLabels } from '../../machinery/object-meta.ts';
import { nameWarnings } from '../apps/name-warning.ts';
import { preparePodTemplate } from '../core/pod/pod-template.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { Job, JobSpec } from '../schema/batch-v1.generated.ts';
import { jobs } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { jobRow } from './job-row.ts';
import { generateSelector, validateGeneratedSelector } from './job-selector.ts';
import { dropDisabledJobFields, jobSpecWarnings, setJobTemplateDefaults } from './job-template.ts';
import { validateCompleteJobSpec } from './validate-job-spec.ts';
import { validateJobStatusUpdate } from './validate-job-status.ts';
import { validateJobSpecUpdate } from './validate-job-update.ts';

const maxInt32 = 2_147_483_647;

export const jobDefinition = define<Job>(jobs, {
  storage: { keyPrefix: '/registry/jobs/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(job) {
    job.status = {};
    if (job.spec === undefined) return;
    if (job.spec.manualSelector !== true) generateSelector(job, job.spec);
    // Labels that will be refused are told of once.
    if (validateLabels(job.spec.template.metadata?.labels ?? {}, '').length === 0) takeLabelsOfTemplate(job);
    prepareSpec(job.spec);
  },
  prepareForUpdate(job, old) {
    job.status = shared(old.status ?? {});
    if (job.spec !== undefined) prepareSpec(job.spec);
  },
  validate(job, errors) {
    validateGeneratedSelector(job, errors);
    validateCompleteJobSpec(specOf(job), errors);
    errors.push(...hostNameErrors(job));
  },
  validateUpdate(job, old, errors) {
    validateJobSpecUpdate(specOf(job), old, errors);
    errors.push(...hostNameErrors(job));
  },
  warnings: (job, old) => [
    ...(old === undefined ? nameWarnings(job.metadata) : []),
    ...(old !== undefined && equal(job.spec, old.spec) ? [] : jobSpecWarnings(specOf(job), 'spec')),
  ],
  changesGeneration: (job, old) => !equal(job.spec, old.spec),
  status: {
    prepareForUpdate(job, old) {
      job.spec = shared(old.spec);
      takeLabelsOfTemplate(job);
    },
    validateUpdate: validateJobStatusUpdate,
  },
  fields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  // Who deleted them before there was garbage collection expected their pods to stay.
  defaultPropagation: 'Orphan',
  propagationWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  row: jobRow,
});

const emptySpec: JobSpec = { template: {} };

function specOf({ spec }: Job): JobSpec {
  return spec ?? emptySpec;
}

function setDefaults(job: Draft<Job>): void {
  job.spec ??= { template: {} };
  job.status ??= {};
  const { spec } = job;
  setJobTemplateDefaults(spec);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  takeLabelsOfTemplate(job);
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed';
  spec.manualSelector ??= false;
}

/**
 * A job without labels has those of its pods: the very same, so that what is added to those of the pods for the selector is
 * added to these.
 */
function takeLabelsOfTemplate({ metadata, spec }: Draft<Job>): void {
  const labels = spec?.template.metadata?.labels;
  if (labels !== undefined && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = labels;
}

function prepareSpec(spec: Draft<JobSpec>): void {
  dropDisabledJobFields(spec);
  preparePodTemplate(spec.template);
}

/** Pods of an indexed job are called after it and their index, which has to make a host name. */
function hostNameErrors({ metadata: { name = '' }, spec }: Job) {
  const { completionMode, completions = 0 } = spec ?? {};
  if (completionMode !== 'Indexed' || completions <= 0) return [];
  const longest = `${name}-${completions - 1}`;
  if (dnsLabel(longest).length === 0) return [];
  return [invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${longest}`)];
}
