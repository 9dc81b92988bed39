import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, required } from '../../../machinery/field-errors.ts';
import type { PersistentVolumeSpec } from '../../schema/core-v1.generated.ts';
import { validateAccessModes } from '../persistent-volume-claim-spec.ts';
import { validateAttributesClass } from './validate-volume.ts';
import { validateVolumeSource } from './volume-source.ts';

const context = 'in the context of inline volumes';

/** A volume that is attached without a PersistentVolume: one of a CSI driver, with nothing that only claims are about. */
export function validateInlineVolume(spec: PersistentVolumeSpec, path: string, errors: FieldError[]): void {
  const refuse = (field: keyof PersistentVolumeSpec, detail = 'may not be specified') =>
    errors.push(forbidden(`${path}.${field}`, `${detail} ${context}`));
  if (spec.claimRef !== undefined) refuse('claimRef');
  if (Object.keys(spec.capacity ?? {}).length > 0) refuse('capacity');
  if (spec.csi === undefined) errors.push(required(`${path}.csi`, `has to be specified ${context}`));
  const accessModes = spec.accessModes ?? [];
  if (accessModes.length === 0) errors.push(required(`${path}.accessModes`));
  validateAccessModes(accessModes, `${path}.accessModes`, errors);
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && policy !== 'Retain') refuse('persistentVolumeReclaimPolicy', 'may only be Retain');
  if (spec.nodeAffinity !== undefined) refuse('nodeAffinity');
  validateVolumeSource(spec, path, errors);
  if (spec.storageClassName) refuse('storageClassName');
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Filesystem')
    refuse('volumeMode', 'may not specify volumeMode other than Filesystem');
  validateAttributesClass(spec, path, errors);
}
