import { invalid } from '../../machinery/field-errors.ts';
import { quote } from '../../machinery/go-text.ts';
import type { Draft } from '../../machinery/object.ts';
import { internalError, invalidObject } from '../../machinery/status-errors.ts';
import type { Service, ServiceSpec } from '../../resources/schema/core-v1.generated.ts';
import { familyOf, type IPFamily } from './address-range.ts';
import type { Allocation } from './allocation.ts';
import { keepsDualStack } from './service-families.ts';
import type { ServicePools } from './service-pools.ts';
import { clusterAddressesOf, isHeadless, specOf, typeOf } from './service-spec.ts';

/** Gives a service its addresses, one for each of its families, and takes back what it no longer has. Throws Invalid. */
export function allocateClusterIPs(
  service: Draft<Service>,
  spec: Draft<ServiceSpec>,
  old: Service | undefined,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const before = old === undefined ? undefined : specOf(old);
  if (keepsDualStack(spec, before)) return;
  if (before !== undefined && typeOf(before) !== 'ExternalName') {
    if (isHeadless(before)) return;
    const kept = typeOf(spec) === 'ExternalName' ? 0 : (spec.ipFamilies ?? []).length;
    for (const address of clusterAddressesOf(before).slice(kept))
      for (const place of pools.placesOfAddress(address)) allocation.releaseLater(...place);
    if (typeOf(spec) === 'ExternalName') return;
    // The first address stays; only a second one may be new.
    const had = (before.ipFamilies ?? []).length;
    if (had === 1 && kept === 2) allocateFrom(service, spec, 1, pools, allocation);
    return;
  }
  if (typeOf(spec) === 'ExternalName' || isHeadless(spec)) return;
  allocateFrom(service, spec, 0, pools, allocation);
}

function allocateFrom(
  service: Draft<Service>,
  spec: Draft<ServiceSpec>,
  first: number,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const families = (spec.ipFamilies ?? []) as IPFamily[];
  const addresses = [...(spec.clusterIPs ?? [])];
  for (const [index, family] of families.entries()) {
    if (index < first) continue;
    const wanted = addresses[index] ?? '';
    if (wanted === '') addresses[index] = nextAddress(service, family, pools, allocation);
    else takeAddress(service, spec, wanted, pools, allocation);
    refuseNameless(service, spec, wanted, addresses[index] ?? '', allocation);
  }
  spec.clusterIPs = addresses;
  if (addresses[0] !== undefined) spec.clusterIP = addresses[0];
}

function nextAddress(service: Draft<Service>, family: IPFamily, pools: ServicePools, allocation: Allocation): string {
  for (const { range, pool } of pools.openOf(family)) {
    const offset = allocation.takeNext(pool, (each) => !pools.isElsewhere(range.at(each)));
    if (offset === undefined) continue;
    const address = range.at(offset);
    for (const place of pools.placesOfAddress(address)) allocation.take(...place);
    return address;
  }
  const name = quote(service.metadata.name ?? '');
  throw internalError(`failed to allocate a serviceIP for Service ${name}: range is full`);
}

function takeAddress(
  service: Draft<Service>,
  spec: Draft<ServiceSpec>,
  address: string,
  pools: ServicePools,
  allocation: Allocation,
): void {
  const why = addressProblem(address, pools, allocation);
  if (why === undefined) return;
  const error = invalid('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${address}: ${why}`);
  throw invalidObject({ group: '', kind: 'Service' }, service.metadata.name ?? '', [error]);
}

/** Takes the address, or says why not. */
function addressProblem(address: string, pools: ServicePools, allocation: Allocation): string | undefined {
  if (allocation.dryRun) return dryRunProblem(address, pools);
  if (!pools.isOpen(address)) return 'the provided network does not match the current range';
  const free =
    !pools.isElsewhere(address) && pools.placesOfAddress(address).every((place) => allocation.take(...place));
  return free ? undefined : 'provided IP is already allocated';
}

/** In a dry run Kubernetes looks at one range, and not at who has the address. */
function dryRunProblem(address: string, pools: ServicePools): string | undefined {
  if (pools.isOpen(address)) return undefined;
  const [first] = pools.openOf(familyOf(address));
  return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${first?.cidr ?? ''}`;
}

/** Kubernetes takes an address by an object that refers to its service, before anybody has looked at the service itself. */
function refuseNameless(
  service: Draft<Service>,
  { clusterIPs = [''] }: Draft<ServiceSpec>,
  wanted: string,
  address: string,
  { dryRun }: Allocation,
): void {
  if (dryRun || (service.metadata.name ?? '') !== '') return;
  const what = wanted === '' ? 'IP' : `IP ${wanted}`;
  const why = `IPAddress.networking.k8s.io ${quote(address)} is invalid: spec.parentRef.name: Required value`;
  const error = invalid('spec.clusterIPs', clusterIPs, `failed to allocate ${what}: ${why}`);
  throw invalidObject({ group: '', kind: 'Service' }, '', [error]);
}
