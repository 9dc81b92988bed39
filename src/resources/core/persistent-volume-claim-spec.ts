import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required } from '../../machinery/field-errors.ts';
import { validateLabelSelector } from '../../machinery/label-selector.ts';
import { dnsSubdomain } from '../../machinery/names.ts';
import { formatQuantity, parseQuantity } from '../../machinery/quantity.ts';
import { equal } from '../equal.ts';
import type {
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from '../schema/core-v1.generated.ts';
import { applyRule } from '../validation/apply-rule.ts';

const accessModes: ReadonlySet<string> = new Set([
  'ReadOnlyMany',
  'ReadWriteMany',
  'ReadWriteOnce',
  'ReadWriteOncePod',
]);
export const volumeModes: ReadonlySet<string> = new Set(['Block', 'Filesystem']);

/** The spec of a claim, wherever it stands. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string, errors: FieldError[]): void {
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  validateAccessModes(modes, `${path}.accessModes`, errors);
  validateStorageRequest(spec.resources?.requests?.['storage'], `${path}.resources[storage]`, errors);
  if (spec.storageClassName) applyRule(dnsSubdomain, spec.storageClassName, `${path}.storageClassName`, errors);
  if (spec.volumeMode !== undefined && !volumeModes.has(spec.volumeMode))
    errors.push(notSupported(`${path}.volumeMode`, spec.volumeMode, volumeModes));
  validateDataSources(spec, path, errors);
  const { volumeAttributesClassName } = spec;
  if (volumeAttributesClassName)
    applyRule(dnsSubdomain, volumeAttributesClassName, `${path}.volumeAttributesClassName`, errors);
}

export function validateAccessModes(modes: readonly string[], path: string, errors: FieldError[]): void {
  for (const mode of modes) if (!accessModes.has(mode)) errors.push(notSupported(path, mode, accessModes));
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.has(mode));
  if (modes.includes('ReadWriteOncePod') && others)
    errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
}

function validateStorageRequest(text: string | number | undefined, path: string, errors: FieldError[]): void {
  if (text === undefined) {
    errors.push(required(path));
    return;
  }
  const amount = parseQuantity(text);
  if (amount.unscaled <= 0n) errors.push(invalid(path, formatQuantity(amount), 'must be greater than zero'));
}

function validateDataSources(spec: PersistentVolumeClaimSpec, path: string, errors: FieldError[]): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined) validateDataSource(dataSource, `${path}.dataSource`, errors);
  if (dataSourceRef !== undefined) validateDataSourceRef(dataSourceRef, `${path}.dataSourceRef`, errors);
  if (dataSource === undefined || dataSourceRef === undefined || dataSourceRef.namespace) return;
  const { namespace, ...local } = dataSourceRef;
  if (!equal(dataSource, local))
    // Where the value should be, Kubernetes shows a path, of which nothing can be seen.
    errors.push(invalid(path, {}, 'must match dataSourceRef'));
}

function validateDataSource(source: TypedLocalObjectReference, path: string, errors: FieldError[]): void {
  if (!source.name) errors.push(required(`${path}.name`));
  if (!source.kind) errors.push(required(`${path}.kind`));
  const apiGroup = source.apiGroup ?? '';
  if (apiGroup === '' && source.kind !== 'PersistentVolumeClaim')
    errors.push(invalid(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (apiGroup !== '') applyRule(dnsSubdomain, apiGroup, `${path}.apiGroup`, errors);
}

function validateDataSourceRef(source: TypedObjectReference, path: string, errors: FieldError[]): void {
  validateDataSource(source, path, errors);
  if (source.namespace) applyRule(dnsSubdomain, source.namespace, `${path}.namespace`, errors);
}
