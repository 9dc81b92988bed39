import type { FieldError } from '../../../machinery/field-error.ts';
import { forbidden, invalid } from '../../../machinery/field-errors.ts';
import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import { canonicalQuantity, compareQuantities, parseQuantity } from '../../../machinery/quantity.ts';
import { ageSince } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { Cell } from '../../definition.ts';
import { equal } from '../../equal.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../schema/core-v1.generated.ts';
import { persistentVolumeClaims } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { accessModesText } from '../persistent-volume/access-modes-text.ts';
import { setClaimSpecDefaults } from '../persistent-volume-claim-defaults.ts';
import { validateClaimSpec } from '../persistent-volume-claim-spec.ts';

export const persistentVolumeClaimDefinition = define<PersistentVolumeClaim>(persistentVolumeClaims, {
  storage: { keyPrefix: '/registry/persistentvolumeclaims/' },
  setDefaults(claim) {
    claim.spec ??= {};
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
    setClaimSpecDefaults(claim.spec);
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
  },
  prepareForUpdate(claim, old) {
    claim.status = shared(old.status ?? {});
  },
  validate: ({ spec = {} }, errors) => validateClaimSpec(spec, 'spec', errors),
  validateUpdate(claim, old, errors) {
    validateClaimSpec(claim.spec ?? {}, 'spec', errors);
    validateChange(claim, old, errors);
  },
  status: {
    prepareForUpdate(claim, old) {
      claim.spec = shared(old.spec ?? {});
    },
    validateUpdate({ spec }, _old, errors) {
      if ((spec?.accessModes ?? []).length === 0)
        errors.push(invalid('spec.accessModes', null, 'at least 1 access mode is required'));
    },
  },
  returnsDeletedObject: true,
  row: claimRow,
});

/** After creation a claim may be bound once, and grow once it is bound. */
function validateChange(
  { spec = {}, status }: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
  errors: FieldError[],
): void {
  const before = old.spec ?? {};
  const bound = status?.phase === 'Bound';
  const fixed = (each: PersistentVolumeClaimSpec): Partial<PersistentVolumeClaimSpec> => {
    const {
      volumeName: _volume,
      storageClassName: _class,
      resources,
      volumeAttributesClassName: _attributes,
      ...rest
    } = each;
    const { storage: _storage, ...others } = resources?.requests ?? {};
    return { ...rest, resources: { ...resources, requests: bound ? others : (resources?.requests ?? {}) } };
  };
  const mayBind = (before.volumeName ?? '') === '';
  // A claim made before there was a default class may be given one.
  const mayChoose = before.storageClassName === undefined;
  const changed =
    !equal(fixed(spec), fixed(before)) ||
    (!mayBind && spec.volumeName !== before.volumeName) ||
    (!mayChoose && spec.storageClassName !== before.storageClassName);
  if (changed) {
    errors.push(
      forbidden(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    );
    return;
  }
  const wanted = spec.resources?.requests?.['storage'];
  const had = before.resources?.requests?.['storage'];
  if (wanted === undefined || had === undefined || compareQuantities(parseQuantity(wanted), parseQuantity(had)) >= 0)
    return;
  const capacity = old.status?.capacity?.['storage'];
  if (capacity !== undefined && compareQuantities(parseQuantity(wanted), parseQuantity(capacity)) > 0) return;
  errors.push(
    invalid('spec.resources.requests.storage', canonicalQuantity(wanted), 'field can not be less than status.capacity'),
  );
}

function claimRow({ metadata, spec, status }: PersistentVolumeClaim, now: number): readonly Cell[] {
  const bound = (spec?.volumeName ?? '') !== '';
  const phase = typeof metadata.deletionTimestamp === 'string' ? 'Terminating' : (status?.phase ?? '');
  return [
    metadata.name ?? '',
    phase,
    spec?.volumeName ?? '',
    bound ? String(status?.capacity?.['storage'] ?? '0') : '',
    bound ? accessModesText(status?.accessModes) : '',
    metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '',
    spec?.volumeAttributesClassName ?? '<unset>',
    ageSince(metadata.creationTimestamp, now),
    spec?.volumeMode ?? '<unset>',
  ];
}
