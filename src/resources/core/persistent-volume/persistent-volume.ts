import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../../machinery/field-errors.ts';
import { dnsSubdomain, nameIsDnsSubdomain } from '../../../machinery/names.ts';
import { canonicalQuantity, parseQuantity } from '../../../machinery/quantity.ts';
import { ageSince, formatTime } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { Cell } from '../../definition.ts';
import { equal } from '../../equal.ts';
import type { PersistentVolume, PersistentVolumeSpec } from '../../schema/core-v1.generated.ts';
import { persistentVolumes } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { applyRule } from '../../validation/apply-rule.ts';
import { accessModes, volumeModes } from '../persistent-volume-claim-spec.ts';
import { roundResources } from '../pod/resource-defaults.ts';
import { validateNodeSelector } from '../pod/validation/affinity.ts';
import { accessModesText } from './access-modes-text.ts';
import { sourceNames, validateVolumeSource } from './volume-source.ts';

const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];

export const persistentVolumeDefinition = define<PersistentVolume>(persistentVolumes, {
  storage: { keyPrefix: '/registry/persistentvolumes/' },
  setDefaults(volume) {
    volume.spec ??= {};
    volume.status ??= {};
    volume.status.phase ||= 'Pending';
    const { spec } = volume;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.capacity !== undefined) roundResources(spec.capacity);
    if (spec.hostPath !== undefined) spec.hostPath.type ??= '';
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now) };
  },
  prepareForUpdate(volume, old) {
    volume.status = shared(old.status ?? {});
  },
  validate: validateVolume,
  validateUpdate(volume, old, errors) {
    validateVolume(volume, errors);
    const { spec = {} } = volume;
    const { spec: before = {} } = old;
    if (sourceNames.some((name) => !equal(spec[name], before[name]))) {
      errors.push(forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'));
    }
    if (!equal(spec.volumeMode, before.volumeMode))
      errors.push(invalid('spec.volumeMode', spec.volumeMode ?? null, 'field is immutable'));
    if (before.nodeAffinity !== undefined && !equal(spec.nodeAffinity, before.nodeAffinity)) {
      errors.push(invalid('spec.nodeAffinity', spec.nodeAffinity ?? null, 'field is immutable'));
    }
  },
  status: {
    prepareForUpdate(volume, old, { now }) {
      volume.spec = shared(old.spec ?? {});
      const { status } = volume;
      if (status === undefined || status.phase === old.status?.phase) return;
      if (status.lastPhaseTransitionTime === old.status?.lastPhaseTransitionTime)
        status.lastPhaseTransitionTime = formatTime(now);
    },
  },
  returnsDeletedObject: true,
  row: volumeRow,
});

function validateVolume({ spec = {} }: PersistentVolume, errors: FieldError[]): void {
  const {
    accessModes: modes = [],
    capacity,
    persistentVolumeReclaimPolicy: policy,
    volumeMode,
    storageClassName = '',
  } = spec;
  if (modes.length === 0) errors.push(required('spec.accessModes'));
  let onlyOnePod = false;
  for (const mode of modes) {
    if (!accessModes.has(mode)) errors.push(notSupported('spec.accessModes', mode, [...accessModes]));
    onlyOnePod ||= mode === 'ReadWriteOncePod';
  }
  if (onlyOnePod && modes.length > 1)
    errors.push(forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes'));
  validateCapacity(capacity, errors);
  if (policy === undefined || policy === '') errors.push(required('spec.persistentVolumeReclaimPolicy'));
  else if (!reclaimPolicies.includes(policy))
    errors.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, reclaimPolicies));
  if (spec.nodeAffinity !== undefined) {
    if (spec.nodeAffinity.required === undefined)
      errors.push(required('spec.nodeAffinity.required', 'must specify required node constraints'));
    else validateNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required', errors);
  }
  validateVolumeSource(spec, 'spec', errors);
  if (spec.hostPath?.path === '/' && policy === 'Recycle') {
    errors.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (storageClassName !== '') applyRule(dnsSubdomain, storageClassName, 'spec.storageClassName', errors);
  if (volumeMode !== undefined && !volumeModes.has(volumeMode))
    errors.push(notSupported('spec.volumeMode', volumeMode, [...volumeModes]));
}

function validateCapacity(capacity: PersistentVolumeSpec['capacity'], errors: FieldError[]): void {
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) errors.push(required('spec.capacity'));
  if (names.length !== 1 || names[0] !== 'storage')
    errors.push(notSupported('spec.capacity', capacity ?? null, ['storage']));
  for (const name of names) {
    const quantity = capacity?.[name] ?? 0;
    if (parseQuantity(quantity).unscaled <= 0n) {
      errors.push(
        invalid(`spec.capacity[${name}]`, canonicalQuantity(quantity) ?? quantity, 'must be greater than zero'),
      );
    }
  }
}

function volumeRow({ metadata, spec, status }: PersistentVolume, now: number): readonly Cell[] {
  const claim = spec?.claimRef;
  const phase = typeof metadata.deletionTimestamp === 'string' ? 'Terminating' : (status?.phase ?? '');
  return [
    metadata.name ?? '',
    String(spec?.capacity?.['storage'] ?? ''),
    accessModesText(spec?.accessModes),
    spec?.persistentVolumeReclaimPolicy ?? '',
    phase,
    claim === undefined ? '' : `${claim.namespace}/${claim.name}`,
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '',
    spec?.volumeAttributesClassName ?? '<unset>',
    status?.reason ?? '',
    ageSince(metadata.creationTimestamp, now),
    spec?.volumeMode ?? '<unset>',
  ];
}
