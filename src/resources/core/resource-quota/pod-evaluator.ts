import type { KubeObject } from '../../../machinery/object.ts';
import type {
  Pod,
  PodAffinityTerm,
  PodSpec,
  ScopedResourceSelectorRequirement,
} from '../../schema/core-v1.generated.ts';
import { isNativeResource } from '../../validation/resource-names.ts';
import { hasPodLevelResources } from '../pod/pod-resource-defaults.ts';
import { qosClassOf } from '../pod/qos-class.ts';
import { namesOfContainer, podUsage } from './pod-usage.ts';
import { matchesValues, type QuotaEvaluator } from './quota-evaluator.ts';

/** Once one of these is limited, every container has to say it. */
const demanded = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
const tracked: ReadonlySet<string> = new Set([
  ...demanded,
  'ephemeral-storage',
  'requests.ephemeral-storage',
  'limits.ephemeral-storage',
  'pods',
  'count/pods',
]);

export const podEvaluator: QuotaEvaluator = {
  handles({ operation, subresource, object, old }) {
    if (subresource === 'resize') return operation === 'UPDATE';
    if (subresource !== '') return false;
    return operation === 'CREATE' || (old !== undefined && hasDeadline(object) !== hasDeadline(old));
  },
  tracks: (name) =>
    tracked.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    (name.startsWith('requests.') && !isNativeResource(name)),
  matchesScope,
  lacks,
  usage: (object, now) => podUsage(object as Pod, now),
};

function matchesScope(scope: ScopedResourceSelectorRequirement, object: KubeObject): boolean {
  const spec = (object as Pod).spec ?? { containers: [] };
  switch (scope.scopeName) {
    case 'Terminating':
      return hasDeadline(object);
    case 'NotTerminating':
      return !hasDeadline(object);
    case 'BestEffort':
      return qosClassOf(spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(spec) !== 'BestEffort';
    case 'PriorityClass':
      return matchesValues(scope, (spec.priorityClassName ?? '') === '' ? [] : [spec.priorityClassName ?? '']);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(spec);
    default:
      return false;
  }
}

/** A pod is `Terminating` when it will end by itself, whether or not it is being deleted. */
function hasDeadline(object: KubeObject): boolean {
  const deadline = (object as Pod).spec?.activeDeadlineSeconds;
  return deadline !== undefined && deadline >= 0;
}

function looksAcrossNamespaces({ affinity }: PodSpec): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces = [], namespaceSelector }: PodAffinityTerm) =>
      namespaces.length > 0 || namespaceSelector !== undefined,
  );
}

/** `must specify limits.cpu for: app; memory for: app,web` */
function lacks(object: KubeObject, names: readonly string[]): string | undefined {
  const { spec } = object as Pod;
  if (spec === undefined || hasPodLevelResources(spec)) return undefined;
  const missing = new Map<string, Set<string>>();
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const said = namesOfContainer(container);
    for (const name of names)
      if (demanded.includes(name) && !said.has(name))
        missing.getOrInsertComputed(name, () => new Set()).add(container.name);
  }
  if (missing.size === 0) return undefined;
  const parts = [...missing].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `must specify ${parts.map(([name, containers]) => `${name} for: ${[...containers].sort().join(',')}`).join('; ')}`;
}
