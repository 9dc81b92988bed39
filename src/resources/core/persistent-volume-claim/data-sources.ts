import type { Draft } from '../../../machinery/object.ts';
import type { PersistentVolumeClaimSpec } from '../../schema/core-v1.generated.ts';

/**
 * What a new volume is filled with can be said in two fields; each is filled in from the other. The older one takes claims
 * and snapshots only and forgets all else where it says it alone and first, and the newer one takes nothing from other
 * namespaces (a gate that is off).
 */
export function resolveDataSources(spec: Draft<PersistentVolumeClaimSpec>, old: PersistentVolumeClaimSpec): void {
  const first = spec.dataSourceRef === undefined && old.dataSource === undefined && old.dataSourceRef === undefined;
  if (first && spec.dataSource !== undefined && !isKnown(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSourceRef?.namespace) delete spec.dataSourceRef;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined) {
    const { namespace, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

function isKnown({ apiGroup, kind }: NonNullable<PersistentVolumeClaimSpec['dataSource']>): boolean {
  const group = apiGroup ?? '';
  if (kind === 'PersistentVolumeClaim') return group === '';
  return kind === 'VolumeSnapshot' && group === 'snapshot.storage.k8s.io';
}
