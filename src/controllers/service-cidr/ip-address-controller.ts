import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import {
  addressManager,
  familyLabel,
  isServiceAddress,
  managedByLabel,
} from '../../resources/networking/ip-address.ts';
import { servesAddress } from '../../resources/networking/service-cidr.ts';
import type { Service } from '../../resources/schema/core-v1.generated.ts';
import type { IPAddress, ParentReference, ServiceCIDR } from '../../resources/schema/networking-v1.generated.ts';
import { ipAddresses, serviceCIDRs, services } from '../../resources/schema/resource-types.generated.ts';
import { byAddress, clusterAddressesOf, serviceInformer } from '../endpoints/service-watches.ts';
import { byCreation } from '../runtime/by-creation.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ipAddressInformer, serviceCIDRInformer } from '../runtime/projections.ts';

/**
 * Shows by an IPAddress which service has which cluster address. The addresses are given out by the API server, which looks at services
 * for those that are taken; a key is an address.
 */
export function ipAddressController(context: ControllerContext): Controller {
  const { client, informers, events } = context;
  const holders: Informer<Service> = informers.informer(services, serviceInformer);
  const shown: Informer<IPAddress> = informers.informer(ipAddresses, ipAddressInformer);
  const ranges: Informer<ServiceCIDR> = informers.informer(serviceCIDRs, serviceCIDRInformer);

  async function remove(address: string, signal: AbortSignal): Promise<void> {
    try {
      await client.delete(ipAddresses, { name: address }, { signal });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  return {
    name: 'ip-address-controller',
    watches: [
      watching(
        holders,
        ({ object, old }) => new Set([...clusterAddressesOf(object), ...(old ? clusterAddressesOf(old) : [])]),
      ),
      watching(shown, ({ object }) => [object.metadata.name ?? '']),
      watching(ranges, ({ object }) =>
        [...holders.list()].flatMap(clusterAddressesOf).filter((address) => servesAddress(object, address)),
      ),
    ],
    async reconcile(address, signal) {
      const current = shown.get(address);
      const candidates = [...holders.byIndex(byAddress, address)].sort(byCreation);
      // The one that is shown keeps the address, should two have it; the older one of them otherwise.
      const holder = candidates.find((each) => isParent(current?.spec.parentRef, each)) ?? candidates[0];
      if (holder === undefined) {
        if (current !== undefined && isServiceAddress(current)) await remove(address, signal);
        return undefined;
      }
      const wanted = addressFor(address, holder);
      if (current !== undefined) {
        if (isParent(current.spec.parentRef, holder) && hasLabels(current, wanted)) return undefined;
        if (!isServiceAddress(current)) {
          const { namespace, name } = holder.metadata;
          const family = wanted.metadata.labels?.[familyLabel];
          const what = `the ClusterIP [${family}]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`;
          events.event(referenceTo(services, holder), 'Warning', 'ClusterIPNotAllocated', what);
        }
        await remove(address, signal);
      }
      const inRange = [...ranges.list()].some((range) => servesAddress(range, address));
      if (inRange) await client.create(ipAddresses, wanted, { signal });
      return undefined;
    },
  };
}

function addressFor(address: string, { metadata: { namespace = '', name = '' } }: Service): IPAddress {
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: address, labels: { [familyLabel]: family, [managedByLabel]: addressManager } },
    spec: { parentRef: { resource: 'services', namespace, name } },
  };
}

function isParent(parent: ParentReference | undefined, { metadata }: Service): boolean {
  if (parent === undefined) return false;
  const { group = '', resource, namespace, name } = parent;
  return group === '' && resource === 'services' && namespace === metadata.namespace && name === metadata.name;
}

function hasLabels({ metadata }: IPAddress, wanted: IPAddress): boolean {
  return Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
}
