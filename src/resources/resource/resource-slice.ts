import { quote } from '../../machinery/go-text.ts';
import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince, formatTime } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import { resourceSlices } from '../schema/resource-types.generated.ts';
import type { ResourceSlice } from '../schema/resource-v1.generated.ts';
import { find } from '../validation/found.ts';
import { validateResourceSlice } from './validate-resource-slice.ts';

/** Devices that a driver has, of one pool, and from where they are reached (KEP-4381). */
export const resourceSliceDefinition = define<ResourceSlice>(resourceSlices, {
  storage: { keyPrefix: '/registry/resourceslices/' },
  validateName: nameIsDnsSubdomain,
  prepareForCreate: (slice, { now }) => prepare(slice, now),
  prepareForUpdate: (slice, _old, { now }) => prepare(slice, now),
  validate: ({ spec }, errors) => find(errors, (found) => validateResourceSlice(spec, undefined, found)),
  validateUpdate: ({ spec }, { spec: old }, errors) => find(errors, (found) => validateResourceSlice(spec, old, found)),
  warnings({ spec: { driver } }) {
    if (driver === driver.toLowerCase()) return [];
    return [`spec.driver: driver names should be lowercase; ${quote(driver)} contains uppercase characters`];
  },
  changesGeneration: (slice, old) => !equal(slice.spec, old.spec),
  returnsDeletedObject: true,
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    spec.nodeName ?? '',
    spec.driver,
    spec.pool.name,
    ageSince(metadata.creationTimestamp, now),
  ],
});

/** Taints are dated; fields of features that are not on by default go. */
function prepare({ spec }: Draft<ResourceSlice>, now: number): void {
  delete spec.partitionTypeAttribute;
  delete spec.skipNodeOperations;
  for (const device of spec.devices ?? []) {
    for (const taint of device.taints ?? []) taint.timeAdded ??= formatTime(now);
    for (const consumption of device.consumesCounters ?? []) delete consumption.compatibilityGroups;
    for (const attribute of Object.values(device.attributes ?? {}))
      for (const list of ['ints', 'bools', 'strings', 'versions'] as const) delete attribute[list];
    delete device.nodeAllocatableResources;
  }
}
