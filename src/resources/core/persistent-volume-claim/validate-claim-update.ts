import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, notSupported, required } from '../../../machinery/field-errors.ts';
import { compareQuantities, parseQuantity } from '../../../machinery/quantity.ts';
import { equal } from '../../equal.ts';
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
} from '../../schema/core-v1.generated.ts';
import { validateImmutable } from '../../validation/immutable.ts';
import { isNativeResource } from '../../validation/resource-names.ts';
import { specDiff } from '../../validation/spec-diff.ts';
import { validateClaimSpec } from '../persistent-volume-claim-spec.ts';
import { validateVolumeAmount } from '../volume-amount.ts';

const unchangeable =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
const resizeStates = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

/** After creation a claim may be bound once, and grow once it is bound. */
export function validateClaimUpdate(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  errors: FieldError[],
): void {
  const spec = claim.spec ?? {};
  const oldSpec = old.spec ?? {};
  validateClaimSpec(spec, 'spec', errors);
  const before = { ...oldSpec, volumeName: oldSpec.volumeName || spec.volumeName };
  const after = withoutAllowedChanges(spec, oldSpec, claim.status?.phase === 'Bound');
  if (!equal(before, after)) {
    const diff = specDiff(before, after, 'core.v1.PersistentVolumeClaimSpec');
    errors.push(forbidden('spec', `${unchangeable}\n${diff}`));
  }
  validateSize(spec, oldSpec, old.status ?? {}, errors);
  validateImmutable(spec.volumeMode, oldSpec.volumeMode, 'volumeMode', errors);
}

/** The new spec with what may change as it was before. */
function withoutAllowedChanges(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec,
  bound: boolean,
): PersistentVolumeClaimSpec {
  // A claim that is older than the default class may be given one.
  const storageClassName = old.storageClassName === undefined ? undefined : spec.storageClassName;
  if (!bound) return { ...spec, storageClassName };
  const { storage: _size, ...others } = spec.resources?.requests ?? {};
  const size = old.resources?.requests?.['storage'];
  const requests = size === undefined ? others : { ...others, storage: size };
  return {
    ...spec,
    storageClassName,
    volumeAttributesClassName: old.volumeAttributesClassName,
    resources: { ...spec.resources, requests },
  };
}

/** Back to what the volume has is the way out of an expansion that failed. */
function validateSize(
  spec: PersistentVolumeClaimSpec,
  old: PersistentVolumeClaimSpec,
  status: PersistentVolumeClaimStatus,
  errors: FieldError[],
): void {
  const storage = (list: PersistentVolumeClaimStatus['capacity']) => parseQuantity(list?.['storage'] ?? 0);
  const size = storage(spec.resources?.requests);
  const smaller = compareQuantities(size, storage(old.resources?.requests)) < 0;
  if (smaller && compareQuantities(size, storage(status.capacity)) <= 0)
    errors.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
}

export function validateClaimStatus(
  { spec, status = {} }: PersistentVolumeClaim,
  _old: PersistentVolumeClaim,
  errors: FieldError[],
): void {
  const { capacity, allocatedResourceStatuses, allocatedResources } = status;
  if ((spec?.accessModes ?? []).length === 0) errors.push(required('Spec.accessModes'));
  for (const name in capacity) validateVolumeAmount(capacity[name] ?? 0, `status.capacity[${name}]`, errors);
  const statuses = 'status.allocatedResourceStatuses';
  for (const name in allocatedResourceStatuses) {
    validateResource(name, statuses, errors);
    if (!resizeStates.includes(allocatedResourceStatuses[name] ?? ''))
      errors.push(notSupported(statuses, name, resizeStates));
  }
  const resources = 'status.allocatedResources';
  for (const name in allocatedResources) {
    validateResource(name, resources, errors);
    validateVolumeAmount(allocatedResources[name] ?? 0, `${resources}[${name}]`, errors);
  }
}

/** A claim is about storage, and about what others add to it under a domain of their own. */
function validateResource(name: string, path: string, errors: FieldError[]): void {
  if (name !== 'storage' && isNativeResource(name)) errors.push(notSupported(path, name, ['storage']));
}
