import type { FieldError } from '../../machinery/field-error.ts';
import { forbidden, invalid, notSupported, required, tooLong, tooMany } from '../../machinery/field-errors.ts';
import { byteLength, quote } from '../../machinery/go-text.ts';
import { validateNodeSelector } from '../core/pod/validation/affinity.ts';
import { validateCsiDriverName } from '../core/pod/validation/volume-sources.ts';
import { equal } from '../equal.ts';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from '../schema/resource-v1.generated.ts';
import { validateConditions } from '../validation/conditions.ts';
import { type Found, find } from '../validation/found.ts';
import { formatIpAddress, parseCidr } from '../validation/ip-address.ts';
import { requestNamesOf, validateRequestReferences } from './device-claim.ts';
import { validateDeviceConfiguration, validateJsonObject } from './device-configuration.ts';
import {
  type RequestNames,
  validateDeclaredDriverName,
  validateDeclaredPoolName,
  validateLabelLikeName,
  validatePoolName,
  validateRequestReference,
} from './device-names.ts';
import { validateBindingConditions, validateDeviceToleration } from './device-taints.ts';
import { validateList, validateSet } from './lists.ts';

const mostUsers = 256;
const mostResults = 32;
const mostConfigs = 64;
const mostConditions = 8;
const mostAddresses = 16;
const longestInterface = 256;
const longestHardwareAddress = 128;
const sources = ['FromClaim', 'FromClass'];

type DeviceReference = Pick<DeviceRequestAllocationResult, 'driver' | 'pool' | 'device' | 'shareID'>;

/** Which device it is, and which share of it. */
export function deviceKey({ driver, pool, device, shareID }: DeviceReference): string {
  return [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/');
}

export function allocatedDevices(allocation: AllocationResult | undefined): ReadonlySet<string> {
  return new Set((allocation?.devices?.results ?? []).map(deviceKey));
}

export function validateClaimStatus(claim: ResourceClaim, old: ResourceClaim, errors: FieldError[]): void {
  find(errors, (found) => validateStatus(claim, old, found));
}

function validateStatus({ metadata, spec, status = {} }: ResourceClaim, old: ResourceClaim, found: Found) {
  const { allocation, reservedFor = [], devices } = status;
  const before = old.status ?? {};
  const known = requestNamesOf(spec?.devices ?? {});
  validateSet(
    reservedFor,
    mostUsers,
    'status.reservedFor',
    found,
    ({ uid }) => uid,
    (user, at) => validateUser(user, at, found),
  );
  const given = allocatedDevices(allocation);
  const unbounded = Number.POSITIVE_INFINITY;
  validateSet(devices, unbounded, 'status.devices', found, deviceKey, (device, at) =>
    validateDeviceStatus(device, at, found, given),
  );
  if (reservedFor.length > 0 && allocation === undefined)
    found.now.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'));
  else if (metadata.deletionTimestamp !== undefined) {
    const isNew = (user: ResourceClaimConsumerReference) =>
      !(before.reservedFor ?? []).some((each) => equal(each, user));
    const late = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
    if (reservedFor.some(isNew)) found.now.push(forbidden('status.reservedFor', late));
  }
  if (allocation === undefined) return;
  const path = 'status.allocation';
  if (before.allocation === undefined) validateAllocation(allocation, path, found, known);
  else if (!equal(allocation, before.allocation))
    found.later.push(invalid(path, null, 'field cannot be modified once set'));
}

function validateUser(user: ResourceClaimConsumerReference, path: string, found: Found): void {
  for (const field of ['resource', 'name', 'uid'] as const)
    if (!user[field]) found.now.push(required(`${path}.${field}`));
}

function validateAllocation(allocation: AllocationResult, path: string, found: Found, known: RequestNames) {
  const { devices = {}, nodeSelector } = allocation;
  validateList(devices.results, mostResults, `${path}.devices.results`, found, (result, at) =>
    validateResult(result, at, found, known),
  );
  validateList(devices.config, mostConfigs, `${path}.devices.config`, found, (config, at) => {
    if (!config.source) found.later.push(required(`${at}.source`));
    else if (!sources.includes(config.source)) found.later.push(notSupported(`${at}.source`, config.source, sources));
    validateRequestReferences(config.requests, `${at}.requests`, found, known);
    validateDeviceConfiguration(config, at, found);
  });
  if (nodeSelector !== undefined) validateNodeSelector(nodeSelector, `${path}.nodeSelector`, found.now);
}

function validateResult(result: DeviceRequestAllocationResult, path: string, found: Found, known: RequestNames) {
  validateRequestReference(result.request, `${path}.request`, found, known);
  validateDeclaredDriverName(result.driver, `${path}.driver`, found);
  validateDeclaredPoolName(result.pool, `${path}.pool`, found);
  validateLabelLikeName(result.device, `${path}.device`, found.now);
  validateBindingConditions(result, path, found);
  for (const [index, toleration] of (result.tolerations ?? []).entries())
    validateDeviceToleration(toleration, `${path}.tolerations[${index}]`, found);
  validateShareId(result.shareID, `${path}.shareID`, found);
}

function validateDeviceStatus(
  device: AllocatedDeviceStatus,
  path: string,
  found: Found,
  given: ReadonlySet<string>,
): void {
  validateCsiDriverName(device.driver, `${path}.driver`, found.now);
  validatePoolName(device.pool, `${path}.pool`, found);
  validateLabelLikeName(device.device, `${path}.device`, found.now);
  validateShareId(device.shareID, `${path}.shareID`, found);
  const shown = { Driver: device.driver, Pool: device.pool, Device: device.device, ShareID: device.shareID ?? '' };
  if (!given.has(deviceKey(device))) found.now.push(invalid(path, shown, 'must be an allocated device in the claim'));
  const conditions = device.conditions ?? [];
  if (conditions.length > mostConditions)
    found.now.push(tooMany(`${path}.conditions`, conditions.length, mostConditions));
  validateConditions(conditions, `${path}.conditions`, found.now);
  if (device.data !== undefined) validateJsonObject(device.data, `${path}.data`, found);
  if (device.networkData !== undefined) validateNetworkData(device.networkData, `${path}.networkData`, found);
}

function validateNetworkData(data: NetworkDeviceData, path: string, found: Found): void {
  const { interfaceName = '', hardwareAddress = '', ips } = data;
  if (byteLength(interfaceName) > longestInterface)
    found.later.push(tooLong(`${path}.interfaceName`, longestInterface));
  const itself = (address: string) => address;
  validateSet(ips, mostAddresses, `${path}.ips`, found, itself, (address, at) =>
    validateInterfaceAddress(address, at, found),
  );
  if (byteLength(hardwareAddress) > longestHardwareAddress)
    found.later.push(tooLong(`${path}.hardwareAddress`, longestHardwareAddress));
}

/** An address with the length of its network: `192.168.1.5/24`. */
function validateInterfaceAddress(text: string, path: string, found: Found): void {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    found.now.push(invalid(path, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'));
    return;
  }
  const canonical = `${formatIpAddress(cidr.address)}/${cidr.prefixLength}`;
  if (text !== canonical) found.now.push(invalid(path, text, `must be in canonical form (${quote(canonical)})`));
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function validateShareId(id: string | undefined, path: string, found: Found): void {
  if (id === undefined || uuid.test(id)) return;
  found.later.push(invalid(path, id, 'must be a lowercase UUID in 8-4-4-4-12 format'));
}
