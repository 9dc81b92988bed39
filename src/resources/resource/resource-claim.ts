import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { define } from '../define.ts';
import { keepingMetadata } from '../keep-metadata.ts';
import { resourceClaims } from '../schema/resource-types.generated.ts';
import type { ResourceClaim } from '../schema/resource-v1.generated.ts';
import { shared } from '../shared.ts';
import { find } from '../validation/found.ts';
import { validateImmutable } from '../validation/immutable.ts';
import { setDeviceClaimDefaults, validateDeviceClaim } from './device-claim.ts';
import { allocatedDevices, deviceKey, validateClaimStatus } from './validate-claim-status.ts';

/** A wish for devices, and which were given for it to whom (KEP-4381). */
export const resourceClaimDefinition = define<ResourceClaim>(resourceClaims, {
  metadataAsNew: true,
  storage: { keyPrefix: '/registry/resourceclaims/' },
  setDefaults(claim) {
    claim.spec ??= {};
    claim.spec.devices ??= {};
    claim.status ??= {};
    setDeviceClaimDefaults(claim.spec.devices);
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(claim) {
    claim.status = {};
  },
  prepareForUpdate(claim, old) {
    claim.status = shared(old.status ?? {});
  },
  validate: ({ spec }, errors) =>
    find(errors, (found) => validateDeviceClaim(spec?.devices ?? {}, 'spec.devices', found)),
  validateUpdate: (claim, old, errors) => validateImmutable(claim.spec, old.spec, 'spec', errors, null),
  returnsDeletedObject: true,
  status: keepingMetadata({
    prepareForUpdate(claim, old) {
      claim.spec = shared(old.spec ?? {});
      for (const result of claim.status?.allocation?.devices?.results ?? []) {
        for (const toleration of result.tolerations ?? []) toleration.operator ||= 'Equal';
        delete result.skipNodeOperations;
      }
      dropGivenBackDevices(claim, old);
    },
    validateUpdate: validateClaimStatus,
  }),
  row: ({ metadata, status }, now) => {
    const leaves = metadata.deletionTimestamp !== undefined;
    const states = [
      ...(leaves ? ['deleted'] : []),
      ...(status?.allocation === undefined ? (leaves ? [] : ['pending']) : ['allocated']),
      ...(status?.allocation !== undefined && (status.reservedFor ?? []).length > 0 ? ['reserved'] : []),
    ];
    return [metadata.name ?? '', states.join(','), ageSince(metadata.creationTimestamp, now)];
  },
});

/** What drivers said of devices goes with the devices. */
function dropGivenBackDevices({ status }: Draft<ResourceClaim>, old: ResourceClaim): void {
  if (status?.devices === undefined) return;
  const given = allocatedDevices(status.allocation);
  const before = allocatedDevices(old.status?.allocation);
  status.devices = status.devices.filter((each) => !before.has(deviceKey(each)) || given.has(deviceKey(each)));
  if (status.devices.length === 0) delete status.devices;
}
