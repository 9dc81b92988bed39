import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import { ageSince } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { Cell } from '../../definition.ts';
import type { PersistentVolumeClaim } from '../../schema/core-v1.generated.ts';
import { persistentVolumeClaims } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { accessModesText } from '../persistent-volume/access-modes-text.ts';
import { setClaimSpecDefaults } from '../persistent-volume-claim-defaults.ts';
import { validateClaimSpec } from '../persistent-volume-claim-spec.ts';
import { storageClassAnnotation, storageClassNameOf } from '../storage-class-name.ts';
import { claimSpecWarnings } from './claim-spec-warnings.ts';
import { resolveDataSources } from './data-sources.ts';
import { validateClaimStatus, validateClaimUpdate } from './validate-claim-update.ts';

export const persistentVolumeClaimDefinition = define<PersistentVolumeClaim>(persistentVolumeClaims, {
  metadataAsNew: true,
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
    if (claim.spec !== undefined) resolveDataSources(claim.spec, {});
  },
  prepareForUpdate(claim, old) {
    claim.status = shared(old.status ?? {});
    if (claim.spec !== undefined) resolveDataSources(claim.spec, old.spec ?? {});
  },
  validate: ({ spec = {} }, errors) => validateClaimSpec(spec, 'spec', errors),
  validateUpdate: validateClaimUpdate,
  warnings,
  status: {
    prepareForUpdate(claim, old) {
      claim.spec = shared(old.spec ?? {});
    },
    validateUpdate: validateClaimStatus,
  },
  returnsDeletedObject: true,
  row: claimRow,
});

function warnings({ metadata, spec }: PersistentVolumeClaim): readonly string[] {
  const lines: string[] = [];
  if (metadata.annotations?.[storageClassAnnotation] !== undefined) {
    const fate = 'deprecated since v1.8; use "storageClassName" attribute instead';
    lines.push(`metadata.annotations[${storageClassAnnotation}]: ${fate}`);
  }
  return [...lines, ...claimSpecWarnings(spec, 'spec')];
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
    storageClassNameOf({ metadata, spec }),
    spec?.volumeAttributesClassName ?? '<unset>',
    ageSince(metadata.creationTimestamp, now),
    spec?.volumeMode ?? '<unset>',
  ];
}
