import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { KubeObject, OwnerReference } from '../../machinery/object.ts';
import { apiVersionOf, groupResource, parseApiVersion, type ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Deployment, ReplicaSet, StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Scale } from '../../resources/schema/autoscaling-v1.generated.ts';
import type { Pod, ReplicationController } from '../../resources/schema/core-v1.generated.ts';
import {
  deployments,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '../../resources/schema/resource-types.generated.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { controllerOf } from '../runtime/owner-references.ts';
import { withoutManagedFields } from '../runtime/projections.ts';

interface OwnerScale {
  readonly uid: string;
  readonly replicas: number;
}

/** How many pods the owners of pods want. */
export class OwnerScales {
  readonly replicationControllers: Informer<ReplicationController>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly deployments: Informer<Deployment>;
  readonly statefulSets: Informer<StatefulSet>;
  readonly #client: Client;
  readonly #discover: () => readonly DiscoveredResource[];

  constructor({ client, informers }: ControllerContext, discover: () => readonly DiscoveredResource[]) {
    this.#client = client;
    this.#discover = discover;
    this.replicationControllers = informers.informer(replicationControllers, {
      projection: withoutManagedFields<ReplicationController>,
    });
    this.replicaSets = informers.informer(replicaSets, { projection: withoutManagedFields<ReplicaSet> });
    this.deployments = informers.informer(deployments, { projection: withoutManagedFields<Deployment> });
    this.statefulSets = informers.informer(statefulSets, { projection: withoutManagedFields<StatefulSet> });
  }

  /**
   * The sum over all owners, and which pods have none. Throws an Error in Kubernetes' words when an owner is gone or cannot be
   * scaled.
   */
  async sum(
    pods: readonly Pod[],
    signal: AbortSignal,
  ): Promise<{ readonly expected: number; readonly unmanaged: readonly Pod[] }> {
    const scales = new Map<string, number>();
    const seen = new Set<string>();
    const unmanaged: Pod[] = [];
    for (const pod of pods) {
      const reference = controllerOf(pod);
      if (reference === undefined) unmanaged.push(pod);
      if (reference === undefined || seen.has(reference.uid)) continue;
      seen.add(reference.uid);
      const { namespace = '' } = pod.metadata;
      const found = this.#cached(reference, namespace) ?? (await this.#scaleOf(reference, namespace, signal));
      if (found === undefined) throw new Error(`found no controllers for pod "${pod.metadata.name}"`);
      scales.set(found.uid, found.replicas);
    }
    return { expected: [...scales.values()].reduce((sum, each) => sum + each, 0), unmanaged };
  }

  /** Of kinds that this process follows anyway; the Deployment stands for its ReplicaSets. */
  #cached(reference: OwnerReference, namespace: string): OwnerScale | undefined {
    if (isOf(reference, replicationControllers)) return scaleIn(this.replicationControllers, reference, namespace);
    if (isOf(reference, statefulSets)) return scaleIn(this.statefulSets, reference, namespace);
    if (!isOf(reference, replicaSets)) return undefined;
    const replicaSet = this.replicaSets.get(reference.name, namespace);
    const above = replicaSet?.metadata.uid === reference.uid ? controllerOf(replicaSet) : undefined;
    const deployment = above !== undefined && isOf(above, deployments);
    return (
      (deployment ? scaleIn(this.deployments, above, namespace) : undefined) ??
      scaleIn(this.replicaSets, reference, namespace)
    );
  }

  async #scaleOf(
    { apiVersion, kind, name, uid }: OwnerReference,
    namespace: string,
    signal: AbortSignal,
  ): Promise<OwnerScale | undefined> {
    const { group } = parseApiVersion(apiVersion);
    const owner = this.#discover().find(({ type }) => type.group === group && type.kind === kind);
    if (owner === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
    if (!owner.hasScale) throw new Error(`${groupResource(owner.type)} does not implement the scale subresource`);
    try {
      const type = owner.type as unknown as ResourceType<Scale>;
      const scale = await this.#client.get(type, { namespace, name }, { subresource: 'scale', signal });
      return scale.metadata.uid === uid ? { uid, replicas: scale.spec?.replicas ?? 0 } : undefined;
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}

function isOf({ apiVersion, kind }: OwnerReference, type: ResourceType): boolean {
  return kind === type.kind && parseApiVersion(apiVersion).group === parseApiVersion(apiVersionOf(type)).group;
}

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number | undefined } | undefined };

function scaleIn<T extends Scaled>(
  informer: Informer<T>,
  { name, uid }: OwnerReference,
  namespace: string,
): OwnerScale | undefined {
  const found = informer.get(name, namespace);
  return found?.metadata.uid === uid ? { uid, replicas: found.spec?.replicas ?? 1 } : undefined;
}
