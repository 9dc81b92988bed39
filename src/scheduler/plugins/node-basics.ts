import { matchesNodeAffinity, matchesNodeSelectorTerm } from '../../resources/core/scheduling/node-affinity.ts';
import { tolerates, untoleratedTaint } from '../../resources/core/scheduling/tolerations.ts';
import type { NodeSelector } from '../../resources/schema/core-v1.generated.ts';
import { normalizeToHighest, type Plugin, rejected, rejectedForGood } from '../framework.ts';

/** Pods with scheduling gates wait outside the queue (KEP-3521). */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  retryOn: ['PodUpdated'],
  preEnqueue: (pod) =>
    (pod.spec?.schedulingGates?.length ?? 0) > 0
      ? 'Scheduling is blocked due to non-empty scheduling gates'
      : undefined,
};

/** `kubectl cordon`: only pods that tolerate the taint of the same name get in. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  retryOn: ['NodeAdded', 'NodeChanged', 'PodUpdated'],
  filter(_state, { pod }, { node }) {
    if (node?.spec?.unschedulable !== true) return undefined;
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
    const tolerated = pod.spec?.tolerations?.some((toleration) => tolerates(toleration, taint));
    return tolerated === true ? undefined : rejectedForGood('node(s) were unschedulable');
  },
};

export const nodeName: Plugin = {
  name: 'NodeName',
  retryOn: ['NodeAdded'],
  preFilter: (_state, { pod }) => (pod.spec?.nodeName === undefined ? 'skip' : undefined),
  filter: (_state, { pod }, node) =>
    pod.spec?.nodeName === node.name ? undefined : rejectedForGood("node(s) didn't match the requested node name"),
};

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  retryOn: ['NodeAdded', 'NodeChanged', 'PodUpdated'],
  weight: 3,
  filter(_state, { pod }, { node }) {
    const taint = untoleratedTaint(node?.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']);
    return taint === undefined ? undefined : rejectedForGood('node(s) had untolerated taint(s)');
  },
  /** Counts the PreferNoSchedule taints that the pod does not tolerate. */
  score(_state, { pod }, { node }) {
    const tolerations = pod.spec?.tolerations?.filter(
      ({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule',
    );
    return (node?.spec?.taints ?? []).filter(
      (taint) =>
        taint.effect === 'PreferNoSchedule' && !tolerations?.some((toleration) => tolerates(toleration, taint)),
    ).length;
  },
  normalize: (_state, scores) => normalizeToHighest(scores, true),
};

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  retryOn: ['NodeAdded', 'NodeChanged', 'PodUpdated'],
  weight: 2,
  preFilter(_state, { pod }) {
    const { nodeSelector, affinity } = pod.spec ?? {};
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    if (nodeSelector === undefined && required === undefined) return 'skip';
    const only = required === undefined ? undefined : namedNodes(required);
    if (only?.size === 0) return rejectedForGood('pod affinity terms conflict');
    return only === undefined ? undefined : { only };
  },
  filter(_state, { pod }, { node }) {
    if (node !== undefined && matchesNodeAffinity(pod.spec, node)) return undefined;
    return rejectedForGood("node(s) didn't match Pod's node affinity/selector");
  },
  preScore: (_state, { pod }) =>
    (pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ?? 0) === 0
      ? 'skip'
      : undefined,
  score(_state, { pod }, { node }) {
    if (node === undefined) return 0;
    let score = 0;
    for (const { preference, weight } of pod.spec?.affinity?.nodeAffinity
      ?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      if (matchesNodeSelectorTerm(preference, node)) score += weight;
    }
    return score;
  },
  normalize: (_state, scores) => normalizeToHighest(scores, false),
};

/** The nodes that a selector calls by name; undefined when one of its alternatives does not. Daemon pods ask for one each. */
function namedNodes({ nodeSelectorTerms }: NodeSelector): ReadonlySet<string> | undefined {
  const named = new Set<string>();
  for (const { matchFields = [] } of nodeSelectorTerms) {
    let names: ReadonlySet<string> | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      names = names === undefined ? new Set(values) : names.intersection(new Set(values));
    }
    if (names === undefined) return undefined;
    for (const name of names) named.add(name);
  }
  return named;
}

export const nodePorts: Plugin = {
  name: 'NodePorts',
  retryOn: ['NodeAdded', 'PodDeleted'],
  preFilter: (_state, { hostPorts }) => (hostPorts.length === 0 ? 'skip' : undefined),
  filter: (_state, { hostPorts }, node) =>
    hostPorts.some((port) => node.holdsPort(port))
      ? rejected("node(s) didn't have free ports for the requested pod ports")
      : undefined,
};
