import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden } from '../../../machinery/field-errors.ts';
import type { Draft } from '../../../machinery/object.ts';
import { validateAnnotations, validateLabels } from '../../../machinery/object-meta.ts';
import type { PodSpec, PodTemplateSpec } from '../../schema/core-v1.generated.ts';
import { dropDisabledFields } from './drop-disabled-fields.ts';
import { setPodSpecDefaults } from './pod-defaults.ts';
import { validatePodTemplateAnnotations } from './validation/annotations.ts';
import { validatePodSpec } from './validation/pod-spec.ts';

const emptySpec: PodSpec = { containers: [] };

export function setPodTemplateDefaults(template: Draft<PodTemplateSpec>): void {
  template.metadata ??= {};
  template.spec ??= {} as Draft<PodSpec>;
  setPodSpecDefaults(template.spec);
}

/** Before a template is stored, new or changed. */
export function preparePodTemplate(template: Draft<PodTemplateSpec>): void {
  if (template.spec !== undefined) dropDisabledFields(template.spec);
}

/** What every template of pods has to keep, whoever makes pods of it. */
export function validatePodTemplate(template: PodTemplateSpec, path: string, errors: FieldError[]): void {
  const { metadata = {}, spec = emptySpec } = template;
  errors.push(...validateLabels(metadata.labels ?? {}, `${path}.labels`));
  errors.push(...validateAnnotations(metadata.annotations ?? {}, `${path}.annotations`));
  validatePodTemplateAnnotations(metadata.annotations ?? {}, spec, `${path}.annotations`, errors);
  validatePodSpec(spec, '', `${path}.spec`, errors);
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
}
