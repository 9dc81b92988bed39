import {
  type CycleState,
  highestScore,
  type Plugin,
  type Rejection,
  rejected,
  rejectedForGood,
  type Snapshot,
} from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { type AffinityTerm, type PodInfo, termSelects } from '../pod-info.ts';

/** How many matching pods there are in each domain: `topologyKey=value`. */
type Domains = Map<string, number>;

interface FilterState {
  readonly snapshot: Snapshot;
  /** Domains in which a pod there forbids this one. */
  readonly forbidding: Domains;
  /** For each of the pod's own terms. */
  readonly affinity: readonly Domains[];
  readonly antiAffinity: readonly Domains[];
}

const name = 'InterPodAffinity';
/** What a required affinity of a pod that is there already weighs when nodes are scored. */
const hardAffinityWeight = 1;

/** Keeps pods together or apart, by the wishes of the pod at hand and of those that are placed already. */
export const interPodAffinity: Plugin = {
  name,
  retryOn: [
    'NodeAdded',
    'NodeChanged',
    'PodDeleted',
    'PodAssigned',
    'PodLabelsChanged',
    'NamespaceChanged',
    'PodUpdated',
  ],
  weight: 2,
  preFilter(state, info, snapshot) {
    const forbidding: Domains = new Map();
    for (const node of snapshot.nodes) {
      for (const placed of node.podsWithAffinity.values()) countForbidding(forbidding, info, placed, node, snapshot, 1);
    }
    const own = info.requiredAffinity.length + info.requiredAntiAffinity.length;
    if (own === 0 && forbidding.size === 0) return 'skip';
    const filterState: FilterState = {
      snapshot,
      forbidding,
      affinity: info.requiredAffinity.map(() => new Map()),
      antiAffinity: info.requiredAntiAffinity.map(() => new Map()),
    };
    if (own > 0) {
      for (const node of snapshot.nodes) {
        for (const placed of node.pods.values()) countOwn(filterState, info, placed, node, 1);
      }
    }
    state.set(name, filterState);
    return undefined;
  },
  filter: (state, info, node) => filterNode(state.get(name) as FilterState, info, node),
  podRemoved: (state, info, removed, node) => adjust(state, info, removed, node, -1),
  podAdded: (state, info, added, node) => adjust(state, info, added, node, 1),
  preScore(state, info, _nodes, snapshot) {
    const domains = scoreDomains(info, snapshot);
    if (domains.size === 0) return 'skip';
    state.set(`${name}/score`, domains);
    return undefined;
  },
  score(state, _info, node) {
    let score = 0;
    const labels = node.node?.metadata.labels ?? {};
    for (const [domain, weight] of state.get(`${name}/score`) as Domains) {
      const equals = domain.indexOf('=');
      if (labels[domain.slice(0, equals)] === domain.slice(equals + 1)) score += weight;
    }
    return score;
  },
  normalize(_state, scores) {
    const most = Math.max(...scores);
    const least = Math.min(...scores);
    for (const [index, score] of scores.entries()) {
      scores[index] = most === least ? 0 : Math.floor(highestScore * ((score - least) / (most - least)));
    }
  },
};

function filterNode(state: FilterState, info: PodInfo, node: NodeInfo): Rejection | undefined {
  if (!meetsAffinity(state, info, node)) return rejectedForGood("node(s) didn't match pod affinity rules");
  for (const [index, term] of info.requiredAntiAffinity.entries()) {
    const domain = domainOf(term.topologyKey, node);
    if (domain !== undefined && (state.antiAffinity[index]?.get(domain) ?? 0) > 0) {
      return rejected("node(s) didn't match pod anti-affinity rules");
    }
  }
  for (const [key, value] of Object.entries(node.node?.metadata.labels ?? {})) {
    if ((state.forbidding.get(`${key}=${value}`) ?? 0) > 0) {
      return rejected("node(s) didn't satisfy existing pods anti-affinity rules");
    }
  }
  return undefined;
}

function meetsAffinity(state: FilterState, info: PodInfo, node: NodeInfo): boolean {
  let allMatched = true;
  for (const [index, term] of info.requiredAffinity.entries()) {
    const domain = domainOf(term.topologyKey, node);
    if (domain === undefined) return false;
    if ((state.affinity[index]?.get(domain) ?? 0) === 0) allMatched = false;
  }
  if (allMatched) return true;
  // The first of a group that wants to be with itself has nobody to join yet.
  const nobody = state.affinity.every((domains) => [...domains.values()].every((count) => count === 0));
  return nobody && info.requiredAffinity.every((term) => selects(term, info, state.snapshot));
}

function countForbidding(
  domains: Domains,
  info: PodInfo,
  placed: PodInfo,
  node: NodeInfo,
  snapshot: Snapshot,
  change: number,
): void {
  for (const term of placed.requiredAntiAffinity) {
    if (selects(term, info, snapshot)) count(domains, term, node, change);
  }
}

function countOwn(state: FilterState, info: PodInfo, placed: PodInfo, node: NodeInfo, change: number): void {
  if (typeof placed.pod.metadata.deletionTimestamp === 'string' && change > 0) return;
  const matchesAll = info.requiredAffinity.every((term) => selects(term, placed, state.snapshot));
  for (const [index, term] of info.requiredAffinity.entries()) {
    const domains = state.affinity[index];
    if (matchesAll && domains !== undefined) count(domains, term, node, change);
  }
  for (const [index, term] of info.requiredAntiAffinity.entries()) {
    const domains = state.antiAffinity[index];
    if (domains !== undefined && selects(term, placed, state.snapshot)) count(domains, term, node, change);
  }
}

function adjust(state: CycleState, info: PodInfo, other: PodInfo, node: NodeInfo, change: 1 | -1): void {
  const filterState = state.get(name) as FilterState | undefined;
  if (filterState === undefined) return;
  countForbidding(filterState.forbidding, info, other, node, filterState.snapshot, change);
  countOwn(filterState, info, other, node, change);
}

function scoreDomains(info: PodInfo, snapshot: Snapshot): Domains {
  const domains: Domains = new Map();
  const ownTerms = info.preferredAffinity.length + info.preferredAntiAffinity.length > 0;
  for (const node of snapshot.nodes) {
    const placedPods = ownTerms ? node.pods : node.podsWithAffinity;
    for (const placed of placedPods.values()) {
      for (const term of info.preferredAffinity)
        if (selects(term, placed, snapshot)) count(domains, term, node, term.weight);
      for (const term of info.preferredAntiAffinity)
        if (selects(term, placed, snapshot)) count(domains, term, node, -term.weight);
      for (const term of placed.requiredAffinity)
        if (selects(term, info, snapshot)) count(domains, term, node, hardAffinityWeight);
      for (const term of placed.preferredAffinity)
        if (selects(term, info, snapshot)) count(domains, term, node, term.weight);
      for (const term of placed.preferredAntiAffinity)
        if (selects(term, info, snapshot)) count(domains, term, node, -term.weight);
    }
  }
  return domains;
}

function selects(term: AffinityTerm, info: PodInfo, snapshot: Snapshot): boolean {
  return termSelects(term, info.pod, snapshot.namespaceLabels);
}

function count(domains: Domains, term: AffinityTerm, node: NodeInfo, change: number): void {
  const domain = domainOf(term.topologyKey, node);
  if (domain !== undefined) domains.set(domain, (domains.get(domain) ?? 0) + change);
}

function domainOf(topologyKey: string, node: NodeInfo): string | undefined {
  const value = node.node?.metadata.labels?.[topologyKey];
  return value === undefined ? undefined : `${topologyKey}=${value}`;
}
