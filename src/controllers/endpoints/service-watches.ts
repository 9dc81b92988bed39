import type { Informer, InformerOptions } from '../../client/informer.ts';
import { selectorFromLabels } from '../../machinery/label-selector.ts';
import { equal } from '../../resources/equal.ts';
import type { Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import type { Change } from '../runtime/controller.ts';
import { keyOf } from '../runtime/object-keys.ts';
import { isPodFinished, isPodReady } from '../runtime/pods.ts';
import { withoutManagedFields } from '../runtime/projections.ts';

/** Services by one term of their selector, which every pod that they select has among its labels. */
const bySelectorTerm = 'selectorTerm';

function selectorTerm({ metadata, spec }: Service): readonly string[] {
  const [first] = Object.entries(spec?.selector ?? {});
  return first === undefined ? [] : [`${metadata.namespace}/${first[0]}=${first[1]}`];
}

/** Services by each of their cluster addresses. */
export const byAddress = 'address';

export function clusterAddressesOf({ spec = {} }: Service): readonly string[] {
  if (spec.type === 'ExternalName') return [];
  return (spec.clusterIPs ?? []).filter((address) => address !== '' && address !== 'None');
}

/** How every controller asks for services. */
export const serviceInformer: InformerOptions<Service> = {
  projection: withoutManagedFields<Service>,
  indexes: { [bySelectorTerm]: selectorTerm, [byAddress]: clusterAddressesOf },
};

/** The keys of the services whose endpoints a change of a pod concerns. */
export function servicesOf(services: Informer<Service>, { object: pod, old, type }: Change<Pod>): Iterable<string> {
  if (type === 'updated' && !concernsEndpoints(pod, old)) return [];
  const keys = new Set<string>();
  addSelecting(services, pod, keys);
  if (old !== undefined && !equal(old.metadata.labels, pod.metadata.labels)) addSelecting(services, old, keys);
  return keys;
}

function addSelecting(services: Informer<Service>, pod: Pod, keys: Set<string>): void {
  const { namespace, labels = {} } = pod.metadata;
  for (const [key, value] of Object.entries(labels)) {
    for (const service of services.byIndex(bySelectorTerm, `${namespace}/${key}=${value}`)) {
      if (selectorFromLabels(service.spec?.selector ?? {}).matches(labels)) keys.add(keyOf(service));
    }
  }
}

/** Whether anything has changed that endpoints show: kubelets write far more than that. */
function concernsEndpoints(pod: Pod, old: Pod): boolean {
  return (
    old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
    isPodReady(old) !== isPodReady(pod) ||
    isPodFinished(old) !== isPodFinished(pod) ||
    !equal(old.status?.podIPs, pod.status?.podIPs) ||
    old.status?.podIP !== pod.status?.podIP ||
    old.spec?.nodeName !== pod.spec?.nodeName ||
    !equal(old.metadata.labels, pod.metadata.labels)
  );
}

/** The pods of a service's namespace that it selects. */
export function* podsOf(pods: Informer<Pod>, service: Service): Iterable<Pod> {
  const selector = selectorFromLabels(service.spec?.selector ?? {});
  for (const pod of pods.list(service.metadata.namespace ?? '')) if (selector.matches(pod.metadata.labels)) yield pod;
}
