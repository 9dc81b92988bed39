import { nameIsDnsSubdomain } from '../../../machinery/names.ts';
import type { Draft } from '../../../machinery/object.ts';
import { ageSince, formatTime } from '../../../machinery/time.ts';
import { define } from '../../define.ts';
import type { Cell, WriteContext } from '../../definition.ts';
import type { PersistentVolume } from '../../schema/core-v1.generated.ts';
import { persistentVolumes } from '../../schema/resource-types.generated.ts';
import { shared } from '../../shared.ts';
import { roundResources } from '../pod/resource-defaults.ts';
import { setStorageSystemDefaults } from '../pod/volume-defaults.ts';
import { storageClassNameOf } from '../storage-class-name.ts';
import { accessModesText } from './access-modes-text.ts';
import { validateVolume, validateVolumeUpdate } from './validate-volume.ts';
import { volumeWarnings } from './volume-warnings.ts';

export const persistentVolumeDefinition = define<PersistentVolume>(persistentVolumes, {
  metadataAsNew: true,
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
    setStorageSystemDefaults(spec);
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: formatTime(now) };
  },
  prepareForUpdate(volume, old) {
    volume.status = shared(old.status ?? {});
  },
  validate: validateVolume,
  validateUpdate: validateVolumeUpdate,
  warnings: volumeWarnings,
  status: { prepareForUpdate: prepareStatus },
  returnsDeletedObject: true,
  row: volumeRow,
});

/** When the phase changes the time of it is noted, unless the writer knows better (KEP-3762). */
function prepareStatus(volume: Draft<PersistentVolume>, old: PersistentVolume, { now }: WriteContext): void {
  volume.spec = shared(old.spec ?? {});
  volume.status ??= {};
  const { status } = volume;
  const before = old.status ?? {};
  if (status.phase !== before.phase) {
    const told = status.lastPhaseTransitionTime;
    if (told === undefined || told === before.lastPhaseTransitionTime) status.lastPhaseTransitionTime = formatTime(now);
  } else if (before.lastPhaseTransitionTime !== undefined)
    status.lastPhaseTransitionTime ??= before.lastPhaseTransitionTime;
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
    storageClassNameOf({ metadata, spec }),
    spec?.volumeAttributesClassName ?? '<unset>',
    status?.reason ?? '',
    ageSince(metadata.creationTimestamp, now),
    spec?.volumeMode ?? '<unset>',
  ];
}
