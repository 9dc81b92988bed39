import type { FieldError } from '../../machinery/field-error.ts';
import { invalid } from '../../machinery/field-errors.ts';
import { affinityToCompare } from '../core/pod/validation/gated-pod-update.ts';
import type { Job, JobSpec } from '../schema/batch-v1.generated.ts';
import type { Container, PodSpec, PodTemplateSpec } from '../schema/core-v1.generated.ts';
import { goValue } from '../validation/go-value.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { trueCondition } from './job-conditions.ts';
import { validateCompleteJobSpec } from './validate-job-spec.ts';

const noTemplate: PodTemplateSpec = {};
const noPod: PodSpec = { containers: [] };

/** What may change in a job: how many pods at once, for how long, and, while it is suspended and no pod runs, how they are placed. */
export function validateJobSpecUpdate(spec: JobSpec, old: Job, errors: FieldError[]): void {
  const oldSpec = old.spec ?? { template: noTemplate };
  const immutable = (field: keyof JobSpec, typeName?: string) => {
    const shown = typeName === undefined ? spec[field] : spec[field] && goValue(spec[field], typeName);
    validateImmutable(spec[field], oldSpec[field], `spec.${field}`, errors, shown);
  };
  validateCompleteJobSpec(spec, errors);
  validateCompletions(spec, oldSpec, errors);
  immutable('selector');
  validateTemplate(spec.template, oldSpec.template, old, errors);
  immutable('completionMode');
  immutable('podFailurePolicy', 'batch.v1.PodFailurePolicy');
  immutable('backoffLimitPerIndex');
  immutable('managedBy');
  immutable('successPolicy', 'batch.v1.SuccessPolicy');
}

/** An indexed job may become longer or shorter, together with how many run at once (KEP-3715). */
function validateCompletions(spec: JobSpec, old: JobSpec, errors: FieldError[]): void {
  const { completions, parallelism, completionMode } = spec;
  if (completionMode !== 'Indexed') validateImmutable(completions, old.completions, 'spec.completions', errors);
  else if (completions !== old.completions && completions !== undefined && completions !== parallelism)
    errors.push(invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'));
}

function validateTemplate(template: PodTemplateSpec, old: PodTemplateSpec, job: Job, errors: FieldError[]): void {
  if (!mayChangeTemplate(job)) {
    validateImmutable(template, old, 'spec.template', errors, goValue(template, 'core.v1.PodTemplateSpec'));
    return;
  }
  const pod = template.spec ?? noPod;
  const shown = goValue(pod, 'core.v1.PodSpec');
  validateImmutable(pod, withChangeable(old.spec ?? noPod, pod), 'spec.template.spec', errors, shown);
}

/** A suspended job without a running pod, that was never started or has been told of as suspended (KEP-2926, KEP-5440). */
function mayChangeTemplate(job: Job): boolean {
  const { spec, status = {} } = job;
  const told = trueCondition(job, 'Suspended') !== undefined;
  return spec?.suspend === true && (status.startTime === undefined || told) && (status.active ?? 0) === 0;
}

/** The old pod with what may change as it is in the new one: where it may run, and with how much. */
function withChangeable(old: PodSpec, pod: PodSpec): PodSpec {
  return {
    ...old,
    affinity: affinityToCompare(old, pod),
    nodeSelector: pod.nodeSelector,
    tolerations: pod.tolerations,
    schedulingGates: pod.schedulingGates,
    containers: resourcesOf(old.containers, pod.containers),
    initContainers: old.initContainers && resourcesOf(old.initContainers, pod.initContainers ?? []),
  };
}

function resourcesOf(old: readonly Container[], containers: readonly Container[]): readonly Container[] {
  if (old.length !== containers.length) return old;
  return old.map((container, index) => {
    const other = containers[index];
    return other?.name === container.name ? { ...container, resources: other.resources } : container;
  });
}
