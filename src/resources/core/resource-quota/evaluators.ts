import {
  compareQuantities,
  parseQuantity,
  type Quantity,
  quantityOf,
  roundQuantity,
} from '../../../machinery/quantity.ts';
import { groupResource, type ResourceType } from '../../../machinery/resource-type.ts';
import type { PersistentVolumeClaim, Service } from '../../schema/core-v1.generated.ts';
import { storageClassNameOf } from '../storage-class-name.ts';
import { type Amounts, one } from './amounts.ts';
import { podEvaluator } from './pod-evaluator.ts';
import { matchesValues, type QuotaEvaluator } from './quota-evaluator.ts';

const classSuffix = '.storageclass.storage.k8s.io/';
const claimNames = ['persistentvolumeclaims', 'requests.storage'];

const claimEvaluator: QuotaEvaluator = {
  handles({ operation, subresource, object, old }) {
    if (subresource === '') return true;
    return (
      subresource === 'status' &&
      operation === 'UPDATE' &&
      old !== undefined &&
      claimReplenishes(object as PersistentVolumeClaim, old as PersistentVolumeClaim)
    );
  },
  tracks: (name) =>
    name === 'count/persistentvolumeclaims' ||
    claimNames.includes(name) ||
    claimNames.some((each) => name.endsWith(classSuffix + each)),
  matchesScope: (scope, object) =>
    scope.scopeName === 'VolumeAttributesClass' &&
    matchesValues(scope, attributeClasses(object as PersistentVolumeClaim)),
  usage(object) {
    const claim = object as PersistentVolumeClaim;
    const usage = new Map<string, Quantity>([
      ['count/persistentvolumeclaims', one],
      ['persistentvolumeclaims', one],
    ]);
    const storage = storageOf(claim);
    if (storage !== undefined) usage.set('requests.storage', storage);
    const className = storageClassNameOf(claim);
    if (className === '') return usage;
    usage.set(`${className}${classSuffix}persistentvolumeclaims`, one);
    if (storage !== undefined) usage.set(`${className}${classSuffix}requests.storage`, storage);
    return usage;
  },
};

/** What is asked for, or what a volume is being expanded to where that is more; in whole bytes. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const requested = spec?.resources?.requests?.['storage'];
  if (requested === undefined) return undefined;
  const wanted = parseQuantity(requested);
  const allocated = parseQuantity(status?.allocatedResources?.['storage'] ?? 0);
  return roundQuantity(compareQuantities(allocated, wanted) > 0 ? allocated : wanted, 0);
}

function attributeClasses(object: PersistentVolumeClaim): readonly string[] {
  const { spec, status } = object;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
}

/** Whether less may be used after this change of a claim. */
export function claimReplenishes(now: PersistentVolumeClaim, before: PersistentVolumeClaim): boolean {
  const text = (claim: PersistentVolumeClaim) =>
    JSON.stringify([claim.status?.allocatedResources?.['storage'], attributeClasses(claim).toSorted()]);
  return text(now) !== text(before);
}

const serviceNames = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

const serviceEvaluator: QuotaEvaluator = {
  handles: ({ subresource }) => subresource === '',
  tracks: (name) => serviceNames.includes(name),
  matchesScope: () => false,
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as Service).spec ?? {};
    const isBalanced = type === 'LoadBalancer';
    // Node ports are not allocated yet when this is asked: it is the intent that counts.
    const own = allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort = 0 }) => nodePort !== 0) : ports;
    const nodePorts = isBalanced ? own.length : type === 'NodePort' ? ports.length : 0;
    return new Map([
      ['count/services', one],
      ['services', one],
      ['services.nodeports', quantityOf(nodePorts)],
      ['services.loadbalancers', quantityOf(isBalanced ? 1 : 0)],
    ]);
  },
};

/** Resources that were counted under their own name before there was `count/`. */
const plainNames: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

function countEvaluator(name: string): QuotaEvaluator {
  const names = plainNames.has(name) ? [`count/${name}`, name] : [`count/${name}`];
  const usage: Amounts = new Map(names.map((each) => [each, one]));
  return {
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    tracks: (each) => names.includes(each),
    matchesScope: () => false,
    usage: () => usage,
  };
}

const particular: Readonly<Record<string, QuotaEvaluator>> = {
  pods: podEvaluator,
  services: serviceEvaluator,
  persistentvolumeclaims: claimEvaluator,
};
/** What is not stored, and events, which never were counted. */
const ignored: ReadonlySet<string> = new Set(['bindings', 'componentstatuses', 'events', 'events.events.k8s.io']);

/** How the objects of a resource are counted; undefined: they are not. */
export function quotaEvaluator(type: ResourceType): QuotaEvaluator | undefined {
  const name = groupResource(type);
  if (!type.namespaced || ignored.has(name)) return undefined;
  return particular[name] ?? countEvaluator(name);
}
