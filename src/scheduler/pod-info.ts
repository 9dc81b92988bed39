import { occupiedRequests, type ResourceAmounts } from '../resources/core/scheduling/pod-requests.ts';
import { equal } from '../resources/equal.ts';
import type { Pod, PodAffinityTerm } from '../resources/schema/core-v1.generated.ts';
import type { LabelSelector } from '../resources/schema/meta-v1.generated.ts';
import { type LabelMatcher, matcherOf } from './label-matcher.ts';

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** A pod affinity term with its selectors compiled. */
export interface AffinityTerm {
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  /** Selects further namespaces by their labels; undefined: none. */
  readonly namespaceMatcher: LabelMatcher | undefined;
  readonly matcher: LabelMatcher;
  /** 0 for required terms. */
  readonly weight: number;
}

/** A pod with everything that scheduling computes from it, computed once. */
export interface PodInfo {
  readonly pod: Pod;
  /** `namespace/name`. */
  readonly key: string;
  readonly requests: ResourceAmounts;
  /** As `requests`, with something for each container that states no cpu or memory, so that many such pods spread. */
  readonly nonZeroRequests: ResourceAmounts;
  readonly hostPorts: readonly HostPort[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  readonly priority: number;
}

const noTerms: readonly AffinityTerm[] = [];
const unstatedRequests = { cpu: 100, memory: 200 * 1024 * 1024 };

export function podInfo(pod: Pod): PodInfo {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const required = (terms: readonly PodAffinityTerm[] | undefined) =>
    terms === undefined ? noTerms : terms.map((term) => affinityTerm(term, pod, 0));
  return {
    pod,
    key: podKey(pod),
    requests: occupiedRequests(pod),
    nonZeroRequests: occupiedRequests(pod, unstatedRequests),
    hostPorts: hostPorts(pod),
    requiredAffinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity:
      podAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ podAffinityTerm, weight }) =>
        affinityTerm(podAffinityTerm, pod, weight),
      ) ?? noTerms,
    preferredAntiAffinity:
      podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ podAffinityTerm, weight }) =>
        affinityTerm(podAffinityTerm, pod, weight),
      ) ?? noTerms,
    priority: pod.spec?.priority ?? 0,
  };
}

/** Only a resize changes what a pod takes up, and only then its status says something else than before. */
export function takesLess(pod: Pod, old: Pod): boolean {
  if (equal(pod.status?.resources, old.status?.resources) && pod.metadata.generation === old.metadata.generation)
    return false;
  const [now, before] = [occupiedRequests(pod), occupiedRequests(old)];
  return Object.keys(before).some((name) => (now[name] ?? 0) < (before[name] ?? 0));
}

export function podKey(pod: Pod): string {
  return `${pod.metadata.namespace}/${pod.metadata.name}`;
}

/** Whether the term selects a pod of these labels; `namespaceLabels` are those of the pod's namespace. */
export function termSelects(
  term: AffinityTerm,
  pod: Pod,
  namespaceLabels: (namespace: string) => Readonly<Record<string, string>>,
): boolean {
  const namespace = pod.metadata.namespace ?? '';
  const inNamespace = term.namespaces.has(namespace) || (term.namespaceMatcher?.(namespaceLabels(namespace)) ?? false);
  return inNamespace && term.matcher(pod.metadata.labels ?? {});
}

function affinityTerm(term: PodAffinityTerm, pod: Pod, weight: number): AffinityTerm {
  const { namespaces = [], namespaceSelector } = term;
  const own = namespaces.length === 0 && namespaceSelector === undefined;
  return {
    topologyKey: term.topologyKey,
    namespaces: new Set(own ? [pod.metadata.namespace ?? ''] : namespaces),
    namespaceMatcher: namespaceSelector === undefined ? undefined : matcherOf(namespaceSelector),
    matcher: matcherOf(withLabelKeys(term, pod.metadata.labels ?? {})),
    weight,
  };
}

/** `matchLabelKeys` and `mismatchLabelKeys` (KEP-3633) add the pod's own values to the selector, where admission has not done so. */
function withLabelKeys(term: PodAffinityTerm, labels: Readonly<Record<string, string>>): LabelSelector | undefined {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (labelSelector === undefined || (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0))
    return labelSelector;
  const merged = (keys: readonly string[], operator: string) =>
    keys.flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return {
    ...labelSelector,
    matchExpressions: [
      ...(labelSelector.matchExpressions ?? []),
      ...merged(matchLabelKeys, 'In'),
      ...merged(mismatchLabelKeys, 'NotIn'),
    ],
  };
}

function hostPorts(pod: Pod): readonly HostPort[] {
  const ports: HostPort[] = [];
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const { hostPort, hostIP, protocol } of container.ports ?? []) {
      if (hostPort !== undefined && hostPort > 0) {
        ports.push({
          protocol: protocol ?? 'TCP',
          ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP,
          port: hostPort,
        });
      }
    }
  }
  return ports;
}
