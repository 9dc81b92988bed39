import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { matchesNodeAffinity } from '../../resources/core/scheduling/node-affinity.ts';
import { untoleratedTaint } from '../../resources/core/scheduling/tolerations.ts';
import type { Pod, TopologySpreadConstraint } from '../../resources/schema/core-v1.generated.ts';
import { type CycleState, highestScore, type Plugin, rejected, rejectedForGood, type Snapshot } from '../framework.ts';
import { type LabelMatcher, matcherOf } from '../label-matcher.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

interface Constraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly minDomains: number;
  /** Whether a pod of these labels is one of those to spread. */
  readonly matcher: LabelMatcher;
  /** An empty selector selects the pod at hand, and counts none that is there. */
  readonly countsNobody: boolean;
  readonly honorAffinity: boolean;
  readonly honorTaints: boolean;
}

/** Matching pods per domain (value of the topology key) for each constraint of the pod. */
interface Spread {
  readonly constraints: readonly Constraint[];
  readonly counts: readonly Map<string, number>[];
}

/** The labels that select the pods of the same Service, ReplicaSet or StatefulSet: what default spreading goes by. */
export type OwnerSelector = (pod: Pod) => LabelMatcher | undefined;

const defaultConstraints = [
  { topologyKey: 'kubernetes.io/hostname', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
] as const;

/** Spreads pods over domains by their constraints, or gently over hosts and zones when they state none. */
export function podTopologySpread(ownerSelector: OwnerSelector): Plugin {
  const name = 'PodTopologySpread';
  return {
    name,
    retryOn: ['NodeAdded', 'NodeChanged', 'NodeDeleted', 'PodDeleted', 'PodAssigned', 'PodLabelsChanged', 'PodUpdated'],
    weight: 2,
    preFilter(state, info, snapshot) {
      const constraints = hardConstraints(info.pod);
      if (constraints.length === 0) return 'skip';
      const nodes = snapshot.nodes;
      state.set(
        name,
        countPods(constraints, info, nodes, () => true),
      );
      return undefined;
    },
    filter: (state, info, node) => filterNode(state.get(name) as Spread, info, node),
    podRemoved: (state, info, removed, node) => adjust(state.get(name) as Spread | undefined, info, removed, node, -1),
    podAdded: (state, info, added, node) => adjust(state.get(name) as Spread | undefined, info, added, node, 1),
    preScore(state, info, nodes, snapshot) {
      const constraints = softConstraints(info.pod, ownerSelector);
      if (constraints.length === 0) return 'skip';
      state.set(`${name}/score`, scoringSpread(constraints, info, nodes, snapshot));
      return undefined;
    },
    score: (state, _info, node) => scoreNode(state.get(`${name}/score`) as ScoringSpread, node),
    normalize: (state, scores, nodes) => normalizeSpread(state, `${name}/score`, scores, nodes),
  };
}

interface ScoringSpread extends Spread {
  /** How much a further pod in a domain weighs, by constraint: more domains, more weight. */
  readonly weights: readonly number[];
  /** Nodes that lack a topology key: they score nothing. */
  readonly ignored: ReadonlySet<string>;
}

function hardConstraints(pod: Pod): readonly Constraint[] {
  return (pod.spec?.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    .map((constraint) => compile(constraint, pod));
}

function softConstraints(pod: Pod, ownerSelector: OwnerSelector): readonly Constraint[] {
  const stated = pod.spec?.topologySpreadConstraints ?? [];
  if (stated.length > 0) {
    return stated
      .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway')
      .map((constraint) => compile(constraint, pod));
  }
  const matcher = ownerSelector(pod);
  if (matcher === undefined) return [];
  const general = { minDomains: 1, matcher, countsNobody: false, honorAffinity: true, honorTaints: false };
  return defaultConstraints.map((constraint) => ({ ...constraint, ...general }));
}

function compile(constraint: TopologySpreadConstraint, pod: Pod): Constraint {
  const { maxSkew, topologyKey, labelSelector, matchLabelKeys = [], minDomains = 1 } = constraint;
  const own = matchLabelKeys.flatMap((key) => {
    const value = pod.metadata.labels?.[key];
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  const selector =
    own.length === 0
      ? labelSelector
      : { ...labelSelector, matchExpressions: [...(labelSelector?.matchExpressions ?? []), ...own] };
  return {
    maxSkew,
    topologyKey,
    minDomains,
    matcher: matcherOf(selector),
    countsNobody: compileLabelSelector(selector).everything,
    honorAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorTaints: constraint.nodeTaintsPolicy === 'Honor',
  };
}

function countPods(
  constraints: readonly Constraint[],
  info: PodInfo,
  nodes: readonly NodeInfo[],
  counts: (constraint: Constraint, domain: string) => boolean,
): Spread {
  const spread: Spread = { constraints, counts: constraints.map(() => new Map()) };
  for (const node of nodes) {
    const labels = node.node?.metadata.labels;
    if (labels === undefined || constraints.some(({ topologyKey }) => labels[topologyKey] === undefined)) continue;
    for (const [index, constraint] of constraints.entries()) {
      const domain = labels[constraint.topologyKey] ?? '';
      if (!isEligible(constraint, info, node) || !counts(constraint, domain)) continue;
      const domains = spread.counts[index];
      domains?.set(domain, (domains.get(domain) ?? 0) + matchingPods(constraint, info, node));
    }
  }
  return spread;
}

/** Whether a constraint's policies let a node count as a domain (KEP-3094). */
function isEligible(constraint: Constraint, { pod }: PodInfo, node: NodeInfo): boolean {
  if (node.node === undefined) return false;
  if (constraint.honorAffinity && !matchesNodeAffinity(pod.spec, node.node)) return false;
  if (!constraint.honorTaints) return true;
  return untoleratedTaint(node.node.spec?.taints, pod.spec?.tolerations, ['NoSchedule', 'NoExecute']) === undefined;
}

function matchingPods(constraint: Constraint, { pod }: PodInfo, node: NodeInfo): number {
  let count = 0;
  for (const other of node.pods.values()) {
    if (isCounted(constraint, pod, other.pod)) count++;
  }
  return count;
}

function isCounted(constraint: Constraint, pod: Pod, other: Pod): boolean {
  return (
    !constraint.countsNobody &&
    other.metadata.namespace === pod.metadata.namespace &&
    typeof other.metadata.deletionTimestamp !== 'string' &&
    constraint.matcher(other.metadata.labels ?? {})
  );
}

function filterNode({ constraints, counts }: Spread, { pod }: PodInfo, node: NodeInfo) {
  const labels = node.node?.metadata.labels ?? {};
  for (const [index, constraint] of constraints.entries()) {
    const domain = labels[constraint.topologyKey];
    if (domain === undefined) {
      return rejectedForGood("node(s) didn't match pod topology spread constraints (missing required label)");
    }
    const domains = counts[index] ?? new Map<string, number>();
    const least = domains.size < constraint.minDomains ? 0 : Math.min(...domains.values());
    const self = constraint.matcher(pod.metadata.labels ?? {}) ? 1 : 0;
    if ((domains.get(domain) ?? 0) + self - least > constraint.maxSkew) {
      return rejected("node(s) didn't match pod topology spread constraints");
    }
  }
  return undefined;
}

function adjust(spread: Spread | undefined, info: PodInfo, other: PodInfo, node: NodeInfo, change: 1 | -1): void {
  if (spread === undefined) return;
  const labels = node.node?.metadata.labels ?? {};
  for (const [index, constraint] of spread.constraints.entries()) {
    const domain = labels[constraint.topologyKey];
    const domains = spread.counts[index];
    if (domain === undefined || domains?.has(domain) !== true || !isCounted(constraint, info.pod, other.pod)) continue;
    domains.set(domain, (domains.get(domain) ?? 0) + change);
  }
}

function scoringSpread(
  constraints: readonly Constraint[],
  info: PodInfo,
  nodes: readonly NodeInfo[],
  snapshot: Snapshot,
): ScoringSpread {
  const ignored = new Set<string>();
  // Default constraints do not demand the labels: a cluster without zones still spreads over hosts.
  const demanding = (info.pod.spec?.topologySpreadConstraints?.length ?? 0) > 0;
  const domainsOf = constraints.map(() => new Set<string>());
  for (const node of nodes) {
    const labels = node.node?.metadata.labels ?? {};
    if (demanding && constraints.some(({ topologyKey }) => labels[topologyKey] === undefined)) {
      ignored.add(node.name);
      continue;
    }
    // Nodes without the label are a domain, too, when it comes to how much a constraint weighs.
    for (const [index, { topologyKey }] of constraints.entries()) domainsOf[index]?.add(labels[topologyKey] ?? '');
  }
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of snapshot.nodes) {
    const labels = node.node?.metadata.labels ?? {};
    for (const [index, constraint] of constraints.entries()) {
      const domain = labels[constraint.topologyKey];
      if (domain === undefined || domainsOf[index]?.has(domain) !== true || !isEligible(constraint, info, node))
        continue;
      const domains = counts[index];
      domains?.set(domain, (domains.get(domain) ?? 0) + matchingPods(constraint, info, node));
    }
  }
  return { constraints, counts, ignored, weights: domainsOf.map((domains) => Math.log(domains.size + 2)) };
}

function scoreNode({ constraints, counts, weights, ignored }: ScoringSpread, node: NodeInfo): number {
  if (ignored.has(node.name)) return 0;
  const labels = node.node?.metadata.labels ?? {};
  let score = 0;
  for (const [index, { topologyKey, maxSkew }] of constraints.entries()) {
    const domain = labels[topologyKey];
    if (domain !== undefined) score += (counts[index]?.get(domain) ?? 0) * (weights[index] ?? 0) + (maxSkew - 1);
  }
  return Math.round(score);
}

/** Fewer pods is better: the least crowded node gets 100. */
function normalizeSpread(state: CycleState, key: string, scores: number[], nodes: readonly NodeInfo[]): void {
  const { ignored } = state.get(key) as ScoringSpread;
  const counted = scores.filter((_, index) => !ignored.has(nodes[index]?.name ?? ''));
  const most = Math.max(0, ...counted);
  const least = counted.length === 0 ? 0 : Math.min(...counted);
  for (const [index, score] of scores.entries()) {
    if (ignored.has(nodes[index]?.name ?? '')) scores[index] = 0;
    else scores[index] = most === 0 ? highestScore : Math.floor((highestScore * (most + least - score)) / most);
  }
}
