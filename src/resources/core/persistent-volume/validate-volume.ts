import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../../machinery/field-errors.ts';
import { dnsSubdomain } from '../../../machinery/names.ts';
import { formatQuantity, parseQuantity } from '../../../machinery/quantity.ts';
import { equal } from '../../equal.ts';
import type { PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity } from '../../schema/core-v1.generated.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { goValue, sortedMembers } from '../../validation/go-value.ts';
import { validateImmutable } from '../../validation/immutable.ts';
import { specDiff } from '../../validation/spec-diff.ts';
import { validateAccessModes, volumeModes } from '../persistent-volume-claim-spec.ts';
import { validateNodeSelector } from '../pod/validation/affinity.ts';
import { validateVolumeAmount } from '../volume-amount.ts';
import { sourceNames, takesMountOptions, validateVolumeSource } from './volume-source.ts';

const reclaimPolicies: ReadonlySet<string> = new Set(['Delete', 'Recycle', 'Retain']);
const mountOptions = 'volume.beta.kubernetes.io/mount-options';

export function validateVolume({ metadata, spec = {} }: PersistentVolume, errors: FieldError[]): void {
  const { accessModes = [], capacity = {}, persistentVolumeReclaimPolicy: policy, nodeAffinity } = spec;
  if (accessModes.length === 0) errors.push(required('spec.accessModes'));
  validateAccessModes(accessModes, 'spec.accessModes', errors);
  validateCapacity(spec.capacity, capacity, errors);
  if (policy && !reclaimPolicies.has(policy))
    errors.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies));
  if (nodeAffinity !== undefined) validateAffinity(nodeAffinity, 'spec.nodeAffinity', errors);
  validateVolumeSource(spec, 'spec', errors);
  if (spec.hostPath?.path === '/' && policy === 'Recycle') {
    const detail = "may not be 'recycle' for a hostPath mount of '/'";
    errors.push(forbidden('spec.persistentVolumeReclaimPolicy', detail));
  }
  if (spec.storageClassName) applyRule(dnsSubdomain, spec.storageClassName, 'spec.storageClassName', errors);
  if (spec.volumeMode !== undefined && !volumeModes.has(spec.volumeMode))
    errors.push(notSupported('spec.volumeMode', spec.volumeMode, volumeModes));
  validateAttributesClass(spec, 'spec', errors);
  if (metadata.annotations?.[mountOptions] && !takesMountOptions(spec)) {
    const detail = 'may not specify mount options for this volume type';
    errors.push(forbidden(`metadata.annotations.${mountOptions}`, detail));
  }
}

function validateCapacity(
  given: PersistentVolumeSpec['capacity'],
  capacity: NonNullable<PersistentVolumeSpec['capacity']>,
  errors: FieldError[],
): void {
  const names = Object.keys(capacity);
  if (names.length === 0) errors.push(required('spec.capacity'));
  if (names.length !== 1 || names[0] !== 'storage')
    errors.push(notSupported('spec.capacity', given && sortedMembers(given), ['storage']));
  for (const name of names) {
    const path = `spec.capacity[${name}]`;
    validateVolumeAmount(capacity[name] ?? 0, path, errors);
    const amount = parseQuantity(capacity[name] ?? 0);
    if (amount.unscaled <= 0n) errors.push(invalid(path, formatQuantity(amount), 'must be greater than zero'));
  }
}

function validateAffinity({ required: selector }: VolumeNodeAffinity, path: string, errors: FieldError[]): void {
  if (selector === undefined) errors.push(required(`${path}.required`, 'must specify required node constraints'));
  else validateNodeSelector(selector, `${path}.required`, errors);
}

export function validateAttributesClass(
  { volumeAttributesClassName: name, csi }: PersistentVolumeSpec,
  path: string,
  errors: FieldError[],
): void {
  if (name === undefined) return;
  const place = `${path}.volumeAttributesClassName`;
  if (name === '') errors.push(required(place, 'an empty string is disallowed'));
  else applyRule(dnsSubdomain, name, place, errors);
  if (csi === undefined)
    errors.push(required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName'));
}

/** Where a volume is does not change. */
export function validateVolumeUpdate(volume: PersistentVolume, old: PersistentVolume, errors: FieldError[]): void {
  validateVolume(volume, errors);
  const spec = volume.spec ?? {};
  const oldSpec = old.spec ?? {};
  if (sourceNames.some((name) => !equal(spec[name], withExpandSecret(oldSpec, spec)[name]))) {
    const diff = specDiff(oldSpec, spec, 'core.v1.PersistentVolumeSource');
    const detail = 'spec.persistentvolumesource is immutable after creation';
    errors.push(forbidden('spec.persistentvolumesource', `${detail}\n${diff}`));
  }
  validateImmutable(spec.volumeMode, oldSpec.volumeMode, 'volumeMode', errors);
  if (oldSpec.nodeAffinity !== undefined && !equal(spec.nodeAffinity, oldSpec.nodeAffinity)) {
    const shown = spec.nodeAffinity === undefined ? null : goValue(spec.nodeAffinity, 'core.v1.VolumeNodeAffinity');
    const detail = 'field is immutable, except for updating from beta label to GA';
    errors.push(invalid('nodeAffinity', shown, detail));
  }
}

/** The secrets for expanding a volume may come later than the volume. */
function withExpandSecret(old: PersistentVolumeSpec, spec: PersistentVolumeSpec): PersistentVolumeSpec {
  if (old.csi === undefined || spec.csi === undefined) return old;
  return {
    ...old,
    csi: {
      ...old.csi,
      controllerExpandSecretRef: old.csi.controllerExpandSecretRef ?? spec.csi.controllerExpandSecretRef,
      nodeExpandSecretRef: old.csi.nodeExpandSecretRef ?? spec.csi.nodeExpandSecretRef,
    },
  };
}
