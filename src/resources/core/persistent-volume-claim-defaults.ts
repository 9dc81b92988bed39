import type { Draft } from '../../machinery/object.ts';
import type { PersistentVolumeClaimSpec } from '../schema/core-v1.generated.ts';
import { roundResources } from './pod/resource-defaults.ts';

/** The spec of a claim, wherever it stands: in a claim, in the template of a StatefulSet, in an ephemeral volume. */
export function setClaimSpecDefaults(spec: Draft<PersistentVolumeClaimSpec>): void {
  spec.resources ??= {};
  spec.volumeMode ??= 'Filesystem';
  if (spec.resources.limits !== undefined) roundResources(spec.resources.limits);
  if (spec.resources.requests !== undefined) roundResources(spec.resources.requests);
}
