import type { FieldError } from '../../../../machinery/field-error.ts';
import { forbidden, invalid } from '../../../../machinery/field-errors.ts';
import type { Container, Pod, PodSpec } from '../../../schema/core-v1.generated.ts';
import { jsonSyntaxError } from '../../../validation/json-syntax.ts';
import { appArmorAnnotation as appArmor, appArmorProfileOf } from '../app-armor-annotations.ts';
import { isStandardSeccompAnnotation } from './seccomp-annotation.ts';

const mirror = 'kubernetes.io/config.mirror';
const tolerations = 'scheduler.alpha.kubernetes.io/tolerations';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';

/** Annotations that mean something to Kubernetes. */
export function validatePodAnnotations({ metadata, spec }: Pod, errors: FieldError[]): void {
  const { annotations } = metadata;
  if (annotations === undefined || spec === undefined) return;
  validatePodTemplateAnnotations(annotations, spec, 'metadata.annotations', errors);
}

export function validatePodTemplateAnnotations(
  annotations: Readonly<Record<string, string>>,
  spec: PodSpec,
  path: string,
  errors: FieldError[],
): void {
  const ofMirror = annotations[mirror];
  if (ofMirror !== undefined && !spec.nodeName)
    errors.push(invalid(`${path}[${mirror}]`, ofMirror, 'must set spec.nodeName if mirror pod annotation is set'));
  const listed = annotations[tolerations];
  const problem = listed === undefined || listed === '' ? undefined : jsonSyntaxError(listed);
  if (problem !== undefined) errors.push(invalid(path, tolerations, problem));
  validateDeletionCost(annotations[deletionCost], `${path}[${deletionCost}]`, errors);
  for (const key in annotations) {
    const value = annotations[key] ?? '';
    const seccomp = key === seccompPod || key.startsWith(seccompContainer);
    if (seccomp && !isStandardSeccompAnnotation(value))
      errors.push(invalid(`${path}.${key}`, value, 'must be a valid seccomp profile'));
  }
  for (const key in annotations)
    if (key.startsWith(appArmor)) validateAppArmor(key, annotations[key] ?? '', spec, path, errors);
}

function validateDeletionCost(cost: string | undefined, path: string, errors: FieldError[]): void {
  if (cost === undefined) return;
  const value = /^(?:0|-?[1-9][0-9]*)$/.test(cost) ? Number(cost) : Number.NaN;
  if (!(value >= -(2 ** 31) && value < 2 ** 31)) errors.push(invalid(path, cost, 'must be a 32bit integer'));
}

function validateAppArmor(key: string, profile: string, spec: PodSpec, path: string, errors: FieldError[]): void {
  const name = key.slice(appArmor.length);
  const containers: readonly Pick<Container, 'name'>[] = [
    ...spec.containers,
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  if (!containers.some((container) => container.name === name))
    errors.push(invalid(`${path}[${key}]`, name, 'container not found'));
  if (profile !== '' && appArmorProfileOf(profile) === undefined)
    errors.push(invalid(`${path}[${key}]`, profile, `invalid AppArmor profile name: "${profile}"`));
}

/** Where an AppArmor profile is given both ways, both have to say the same. */
export function validateAppArmorAgreement({ metadata, spec }: Pod, errors: FieldError[]): void {
  for (const key in metadata.annotations) {
    if (!key.startsWith(appArmor)) continue;
    const profile = appArmorProfileOf(metadata.annotations[key] ?? '');
    const name = key.slice(appArmor.length);
    for (const [index, container] of (spec?.containers ?? []).entries()) {
      const field = container.securityContext?.appArmorProfile;
      if (container.name !== name || field === undefined) continue;
      const place = `spec.containers[${index}].securityContext.appArmorProfile`;
      if (profile?.type !== field.type)
        errors.push(forbidden(`${place}.type`, 'apparmor type in annotation and field must match'));
      else if (profile.localhostProfile !== field.localhostProfile)
        errors.push(forbidden(`${place}.localhostProfile`, 'apparmor profile in annotation and field must match'));
    }
  }
}
