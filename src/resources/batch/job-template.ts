import type { Draft } from '../../machinery/object.ts';
import { setPodTemplateDefaults } from '../core/pod/pod-template.ts';
import { podTemplateWarnings } from '../core/pod/warnings/pod-warnings.ts';
import type { JobSpec } from '../schema/batch-v1.generated.ts';

const manyCompletions = 100_000;
const muchParallelism = 10_000;

/** The defaults that hold for the spec of a job on its own as well as for that in the template of a CronJob. */
export function setJobTemplateDefaults(spec: Draft<JobSpec>): void {
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? [])
    for (const pattern of rule.onPodConditions ?? []) if (!pattern.status) pattern.status = 'True';
}

/** Takes out what belongs to feature gates that are off by default in Kubernetes 1.37. */
export function dropDisabledJobFields(spec: Draft<JobSpec>): void {
  if (spec.scheduling !== undefined) delete spec.scheduling;
}

/** Lines for the `Warning` header about the spec at `path`. */
export function jobSpecWarnings(spec: JobSpec, path: string): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  const untrackable =
    completionMode === 'Indexed' && completions > manyCompletions && parallelism > muchParallelism
      ? [
          `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
        ]
      : [];
  return [...untrackable, ...podTemplateWarnings(template, `${path}.template`)];
}
