import type { Lister } from '../client/informer.ts';
import type { ReplicaSet, StatefulSet } from '../resources/schema/apps-v1.generated.ts';
import type { Pod, ReplicationController, Service } from '../resources/schema/core-v1.generated.ts';
import { type LabelMatcher, matcherOf } from './label-matcher.ts';
import type { OwnerSelector } from './plugins/pod-topology-spread.ts';

export interface OwnerListers {
  readonly services: Lister<Service>;
  readonly replicationControllers: Lister<ReplicationController>;
  readonly replicaSets: Lister<ReplicaSet>;
  readonly statefulSets: Lister<StatefulSet>;
}

/** Pods that belong together are those that every Service in front of the pod, and its controller, select. */
export function ownerSelector(listers: OwnerListers): OwnerSelector {
  return (pod) => {
    const { namespace = '' } = pod.metadata;
    const matchers: LabelMatcher[] = [];
    for (const service of listers.services.list(namespace)) {
      const selector = service.spec?.selector;
      if (selector === undefined) continue;
      const matches = matcherOf({ matchLabels: selector });
      if (matches(pod.metadata.labels ?? {})) matchers.push(matches);
    }
    const owner = controllerSelector(pod, namespace, listers);
    if (owner !== undefined) matchers.push(owner);
    return matchers.length === 0 ? undefined : (labels) => matchers.every((matches) => matches(labels));
  };
}

function controllerSelector(
  pod: Pod,
  namespace: string,
  { replicationControllers, replicaSets, statefulSets }: OwnerListers,
): LabelMatcher | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  if (owner.kind === 'ReplicationController' && owner.apiVersion === 'v1') {
    const matchLabels = replicationControllers.get(owner.name, namespace)?.spec?.selector;
    return matchLabels === undefined ? undefined : matcherOf({ matchLabels });
  }
  if (!owner.apiVersion.startsWith('apps/')) return undefined;
  const lister: Lister<ReplicaSet | StatefulSet> | undefined =
    owner.kind === 'ReplicaSet' ? replicaSets : owner.kind === 'StatefulSet' ? statefulSets : undefined;
  const selector = lister?.get(owner.name, namespace)?.spec?.selector;
  return selector === undefined ? undefined : matcherOf(selector);
}
