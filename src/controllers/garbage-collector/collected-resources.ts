import type { InformerOptions } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import {
  clusterRoles,
  controllerRevisions,
  cronJobs,
  daemonSets,
  deployments,
  endpointSlices,
  endpoints,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from '../../resources/schema/resource-types.generated.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { nodeInformer, podInformer, withoutManagedFields } from '../runtime/projections.ts';

/** A resource whose objects may own and be owned. */
export interface CollectedResource {
  readonly type: ResourceType;
  /** To share an informer that another controller has; absent: metadata alone is kept. */
  readonly informer?: InformerOptions<KubeObject> | undefined;
}

/** Kinds that other controllers keep more of: the collector reads from their copy instead of holding a second one. */
const shared: readonly (readonly [type: ResourceType, informer: InformerOptions<KubeObject>])[] = [
  [pods, podInformer as InformerOptions<KubeObject>],
  [nodes, nodeInformer as InformerOptions<KubeObject>],
  ...[
    clusterRoles,
    controllerRevisions,
    cronJobs,
    daemonSets,
    deployments,
    endpointSlices,
    endpoints,
    jobs,
    namespaces,
    persistentVolumeClaims,
    persistentVolumes,
    podDisruptionBudgets,
    replicaSets,
    replicationControllers,
    services,
    statefulSets,
    storageClasses,
  ].map((type) => [type as ResourceType, { projection: withoutManagedFields<KubeObject> }] as const),
];

/** What the garbage collector watches: all that can be deleted and watched, each resource once; events belong to nobody. */
export function collectedResources(
  discovered: readonly Pick<DiscoveredResource, 'type' | 'verbs'>[],
): readonly CollectedResource[] {
  const collected = new Map<string, CollectedResource>();
  for (const { type, verbs } of discovered) {
    const name = groupResource(type);
    const usable = ['delete', 'get', 'list', 'patch', 'watch'].every((verb) => verbs.includes(verb));
    if (!usable || type.resource === 'events' || collected.has(name)) continue;
    const informer = shared.find(([each]) => groupResource(each) === name)?.[1];
    collected.set(name, { type, informer });
  }
  return [...collected.values()];
}
