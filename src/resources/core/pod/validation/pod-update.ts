import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid } from '../../../../machinery/field-errors.ts';
import { inRange } from '../../../../machinery/names.ts';
import { equal } from '../../../equal.ts';
import type { Container, Pod, PodSpec, Toleration } from '../../../schema/core-v1.generated.ts';
import { applyNumberRule } from '../../../validation/apply-rule.ts';
import { specDiff } from '../../../validation/spec-diff.ts';
import { appArmorAnnotation } from '../app-armor-annotations.ts';
import { affinityToCompare, validateGatedScheduling } from './gated-pod-update.ts';
import { validatePod } from './pod.ts';

const maxInt32 = 2_147_483_647;
const emptySpec: PodSpec = { containers: [] };
const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** Of the spec of a pod only a few fields may change, and those in one direction. */
export function validatePodUpdate(pod: Pod, old: Pod, errors: FieldError[]): void {
  validatePod(pod, errors);
  validateAnnotationUpdate(pod, old, errors);
  const spec = pod.spec ?? emptySpec;
  const oldSpec = old.spec ?? emptySpec;
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field] ?? []).length === (oldSpec[field] ?? []).length) continue;
    errors.push(forbidden(`spec.${field}`, 'pod updates may not add or remove containers'));
    return;
  }
  if (!validateDeadline(spec, oldSpec, errors)) return;
  validateGates(spec, oldSpec, errors);
  const gated = (oldSpec.schedulingGates ?? []).length > 0;
  if (gated) validateGatedScheduling(spec, oldSpec, errors);
  validateTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? [], errors);
  const rest = withoutChangeable(spec, oldSpec, gated);
  if (!equal(rest, oldSpec))
    errors.push(forbidden('spec', `${changeable}\n${specDiff(oldSpec, rest, 'core.v1.PodSpec')}`));
}

/** Annotations of AppArmor are those of the first version. */
export function validateAnnotationUpdate({ metadata }: Pod, { metadata: old }: Pod, errors: FieldError[]): void {
  const detail = 'may not remove or update AppArmor annotations';
  for (const key in old.annotations)
    if (key.startsWith(appArmorAnnotation) && metadata.annotations?.[key] !== old.annotations[key])
      errors.push(forbidden(`metadata.annotations[${key}]`, detail));
  for (const key in metadata.annotations)
    if (key.startsWith(appArmorAnnotation) && old.annotations?.[key] === undefined)
      errors.push(forbidden(`metadata.annotations[${key}]`, 'may not add AppArmor annotations'));
}

/** A deadline may come, and come nearer. Answers whether to look further, as is done also when it was taken away. */
function validateDeadline(spec: PodSpec, old: PodSpec, errors: FieldError[]): boolean {
  const path = 'spec.activeDeadlineSeconds';
  const { activeDeadlineSeconds: deadline } = spec;
  if (deadline === undefined) {
    if (old.activeDeadlineSeconds !== undefined)
      errors.push(invalid(path, null, 'must not update from a positive integer to nil value'));
    return true;
  }
  const before = errors.length;
  applyNumberRule((value) => inRange(value, 0, maxInt32), deadline, path, errors);
  if (errors.length === before && old.activeDeadlineSeconds !== undefined && deadline > old.activeDeadlineSeconds)
    errors.push(invalid(path, deadline, 'must be less than or equal to previous value'));
  return errors.length === before;
}

function validateGates(spec: PodSpec, old: PodSpec, errors: FieldError[]): void {
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (old.schedulingGates?.some((gate) => gate.name === name)) continue;
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(forbidden(`spec.schedulingGates[${index}].name`, detail));
  }
}

/** Tolerations may come, and tolerate for another time. */
function validateTolerations(tolerations: readonly Toleration[], old: readonly Toleration[], errors: FieldError[]) {
  const lost = old.some(({ tolerationSeconds: _seconds, ...wanted }) =>
    tolerations.every(({ tolerationSeconds: _other, ...rest }) => !equal(rest, wanted)),
  );
  if (lost)
    errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
}

/** The new spec with what may change as it was before. */
function withoutChangeable(spec: PodSpec, old: PodSpec, gated: boolean): PodSpec {
  const { terminationGracePeriodSeconds: grace } = spec;
  const mended = (old.terminationGracePeriodSeconds ?? 0) < 0 && grace === 1;
  return {
    ...spec,
    containers: withImagesOf(spec.containers, old.containers),
    initContainers: spec.initContainers && withImagesOf(spec.initContainers, old.initContainers ?? []),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
    terminationGracePeriodSeconds: mended ? old.terminationGracePeriodSeconds : grace,
    ...(gated && { nodeSelector: old.nodeSelector, affinity: affinityToCompare(spec, old) }),
  };
}

function withImagesOf(containers: readonly Container[], old: readonly Container[]): readonly Container[] {
  return containers.map((container, index) => ({ ...container, image: old[index]?.image }));
}
