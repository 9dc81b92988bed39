import { type CycleState, type Plugin, type Rejection, rejectedForGood, type Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** What one attempt to place a pod came to. */
export type Attempt =
  | { readonly outcome: 'placed'; readonly nodeName: string; readonly state: CycleState; readonly evaluated: number }
  | { readonly outcome: 'rejected'; readonly diagnosis: Diagnosis; readonly state: CycleState };

/** Why no node would take the pod. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** Set when the pod was turned down before any node was looked at. */
  readonly preFilter: Rejection | undefined;
  readonly rejections: ReadonlyMap<string, Rejection>;
  /** Why the nodes that are not among `rejections` were not looked at. */
  readonly others?: Rejection | undefined;
  readonly rejectedBy: ReadonlySet<Plugin>;
}

/** Where the search for feasible nodes begins, so that all nodes get their turn when only some are looked at. */
export interface SearchPosition {
  next: number;
}

/** What looking for a node goes by. */
export interface Search {
  readonly filters: readonly Plugin[];
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly snapshot: Snapshot;
}

const fewestNodes = 100;
const smallestPercentage = 5;

/**
 * Chooses a node for a pod from a snapshot. Synchronous and without effects but for the search position; `random` breaks ties.
 */
export function schedulePod(
  plugins: readonly Plugin[],
  pod: PodInfo,
  snapshot: Snapshot,
  position: SearchPosition,
  random: () => number,
): Attempt {
  const state: CycleState = new Map();
  const { nodes } = snapshot;
  const filters: Plugin[] = [];
  let only: ReadonlySet<string> | undefined;
  const limiting: Plugin[] = [];
  for (const plugin of plugins) {
    const answer = plugin.preFilter?.(state, pod, snapshot);
    if (answer !== undefined && answer !== 'skip' && 'only' in answer) {
      only = only === undefined ? answer.only : only.intersection(answer.only);
      limiting.push(plugin);
    } else if (answer !== undefined && answer !== 'skip') {
      const diagnosis = {
        nodeCount: nodes.length,
        preFilter: answer,
        rejections: new Map(),
        rejectedBy: new Set([plugin]),
      };
      return { outcome: 'rejected', diagnosis, state };
    }
    if (answer !== 'skip' && plugin.filter !== undefined) filters.push(plugin);
  }
  const nominated = nominatedNode(pod, snapshot);
  const candidates = only === undefined ? nodes : [...only].flatMap((name) => snapshot.node(name) ?? []);
  const search = { filters, state, pod, snapshot };
  const { feasible, rejections, rejectedBy, evaluated } =
    nominated !== undefined && rejection(search, nominated) === undefined
      ? { feasible: [nominated], rejections: new Map<string, Rejection>(), rejectedBy: new Set<Plugin>(), evaluated: 1 }
      : findFeasible(search, only === undefined ? position : { next: 0 }, candidates);
  if (feasible.length === 0) {
    return {
      outcome: 'rejected',
      diagnosis: {
        nodeCount: nodes.length,
        preFilter: undefined,
        rejections,
        rejectedBy: new Set([...rejectedBy, ...limiting]),
        ...(limiting.length > 0 && { others: notSatisfied(limiting) }),
      },
      state,
    };
  }
  const chosen = feasible.length === 1 ? feasible[0] : best(plugins, state, pod, feasible, snapshot, random);
  return { outcome: 'placed', nodeName: chosen?.name ?? '', state, evaluated };
}

function notSatisfied(plugins: readonly Plugin[]): Rejection {
  const names = plugins.map(({ name }) => name).sort();
  return rejectedForGood(`node(s) didn't satisfy plugin(s) [${names.join(' ')}]`);
}

/**
 * The first rejection of a node by the filters, in their order. Room that is being made for pods as important as this one is not free,
 * and the pod must also fit without them: they may come to be elsewhere.
 */
export function rejection(
  { filters, state, pod, snapshot }: Search,
  node: NodeInfo,
): { readonly plugin: Plugin; readonly rejection: Rejection } | undefined {
  const coming = snapshot
    .nominated(node.name)
    .filter((other) => other.key !== pod.key && other.priority >= pod.priority && !node.pods.has(other.key));
  if (coming.length === 0) return firstRejection(filters, state, pod, node);
  for (const other of coming) {
    node.addPod(other);
    for (const plugin of filters) plugin.podAdded?.(state, pod, other, node);
  }
  const beside = firstRejection(filters, state, pod, node);
  for (const other of coming) {
    node.removePod(other.key);
    for (const plugin of filters) plugin.podRemoved?.(state, pod, other, node);
  }
  return beside ?? firstRejection(filters, state, pod, node);
}

function firstRejection(filters: readonly Plugin[], state: CycleState, pod: PodInfo, node: NodeInfo) {
  for (const plugin of filters) {
    const answer = plugin.filter?.(state, pod, node);
    if (answer !== undefined) return { plugin, rejection: answer };
  }
  return undefined;
}

function findFeasible(search: Search, position: SearchPosition, nodes: readonly NodeInfo[]) {
  const enough = nodesToFind(nodes.length);
  const feasible: NodeInfo[] = [];
  const rejections = new Map<string, Rejection>();
  const rejectedBy = new Set<Plugin>();
  let evaluated = 0;
  for (; evaluated < nodes.length && feasible.length < enough; evaluated++) {
    const node = nodes[(position.next + evaluated) % nodes.length];
    if (node === undefined) break;
    const refused = rejection(search, node);
    if (refused === undefined) feasible.push(node);
    else {
      rejections.set(node.name, refused.rejection);
      rejectedBy.add(refused.plugin);
    }
  }
  if (nodes.length > 0) position.next = (position.next + evaluated) % nodes.length;
  return { feasible, rejections, rejectedBy, evaluated };
}

/** How many feasible nodes are enough: all of a small cluster, a share of a large one. */
function nodesToFind(total: number): number {
  if (total <= fewestNodes) return total;
  const percentage = Math.max(smallestPercentage, Math.floor(50 - total / 125));
  return Math.max(fewestNodes, Math.floor((total * percentage) / 100));
}

/** The node that preemption made room on for this pod. */
function nominatedNode({ pod }: PodInfo, snapshot: Snapshot): NodeInfo | undefined {
  const name = pod.status?.nominatedNodeName;
  return name === undefined || name === '' ? undefined : snapshot.node(name);
}

function best(
  plugins: readonly Plugin[],
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  snapshot: Snapshot,
  random: () => number,
): NodeInfo | undefined {
  const totals = new Float64Array(nodes.length);
  for (const plugin of plugins) {
    if (plugin.score === undefined || plugin.preScore?.(state, pod, nodes, snapshot) === 'skip') continue;
    const scores = nodes.map((node) => plugin.score?.(state, pod, node) ?? 0);
    plugin.normalize?.(state, scores, nodes);
    for (const [index, score] of scores.entries()) totals[index] = (totals[index] ?? 0) + score * (plugin.weight ?? 1);
  }
  const most = Math.max(...totals);
  const candidates = nodes.filter((_, index) => totals[index] === most);
  return candidates[Math.floor(random() * candidates.length)];
}
