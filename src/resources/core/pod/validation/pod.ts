import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden } from '../../../../machinery/field-errors.ts';
import type { Pod, PodSpec } from '../../../schema/core-v1.generated.ts';
import { validateAppArmorAgreement, validatePodAnnotations } from './annotations.ts';
import { validateImageSpaces } from './containers.ts';
import { validatePodSpec } from './pod-spec.ts';

const emptySpec: PodSpec = { containers: [] };

/** Rules for pods, new or changed; templates keep those of `validatePodSpec` only. */
export function validatePod(pod: Pod, errors: FieldError[]): void {
  const spec = pod.spec ?? emptySpec;
  validatePodAnnotations(pod, errors);
  validatePodSpec(spec, pod.metadata.name ?? '', 'spec', errors);
  validateTokenVolumes(spec, errors);
  validateImageSpaces(spec.containers, 'spec.containers', errors);
  validateImageSpaces(spec.initContainers ?? [], 'spec.initContainers', errors);
}

/** Rules for new pods alone. */
export function validateNewPod(pod: Pod, errors: FieldError[]): void {
  validatePod(pod, errors);
  const spec = pod.spec ?? emptySpec;
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  if (spec.nodeName && (spec.schedulingGates ?? []).length > 0)
    errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  validateAppArmorAgreement(pod, errors);
}

function validateTokenVolumes(spec: PodSpec, errors: FieldError[]): void {
  if (spec.serviceAccountName) return;
  for (const [index, { projected }] of (spec.volumes ?? []).entries())
    for (const [at, { serviceAccountToken }] of (projected?.sources ?? []).entries())
      if (serviceAccountToken !== undefined) {
        const path = `spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`;
        errors.push(forbidden(path, 'must not be specified when serviceAccountName is not set'));
      }
}
