import { countedReasons } from './diagnosis.ts';
import type { CycleState, Plugin, Rejection, Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { type Diagnosis, rejection } from './schedule-pod.ts';

/** Where room can be made for a pod, and by whose leaving; or why nowhere. */
export type Preemption =
  | { readonly outcome: 'found'; readonly nodeName: string; readonly victims: readonly PodInfo[] }
  | { readonly outcome: 'none'; readonly message: string };

interface Candidate {
  readonly node: NodeInfo;
  readonly victims: readonly PodInfo[];
}

/** How many nodes are tried at the most: enough candidates to choose from, on a cluster of any size. */
const mostCandidates = 100;

/**
 * Looks for the node where the fewest and least important pods would have to leave so that this one fits. Pure: it tries on the
 * plugins' cycle state and puts back what it takes.
 */
export function findPreemption(
  plugins: readonly Plugin[],
  state: CycleState,
  pod: PodInfo,
  snapshot: Snapshot,
  diagnosis: Diagnosis,
): Preemption {
  const total = `0/${diagnosis.nodeCount} nodes are available`;
  if (pod.pod.spec?.preemptionPolicy === 'Never') {
    return { outcome: 'none', message: `not eligible due to preemptionPolicy=Never.` };
  }
  const verdicts: Rejection[] = [];
  const candidates: Candidate[] = [];
  const filters = plugins.filter((plugin) => plugin.filter !== undefined && isActive(plugin, state, pod, snapshot));
  for (const node of snapshot.nodes) {
    const refused = diagnosis.rejections.get(node.name);
    if (refused === undefined) continue;
    if (refused.unresolvable) {
      verdicts.push({ reasons: ['Preemption is not helpful for scheduling'], unresolvable: true });
      continue;
    }
    if (candidates.length >= mostCandidates) break;
    const victims = selectVictims(filters, state, pod, node);
    if (victims === undefined)
      verdicts.push({ reasons: ['No preemption victims found for incoming pod'], unresolvable: false });
    else candidates.push({ node, victims });
  }
  const [best] = candidates.sort(compareCandidates);
  if (best === undefined) return { outcome: 'none', message: `${total}: ${countedReasons(verdicts)}.` };
  return { outcome: 'found', nodeName: best.node.name, victims: best.victims };
}

/** Only plugins that had something to filter take part; asking again would spoil their state, so it is seen by what they left. */
function isActive(plugin: Plugin, state: CycleState, pod: PodInfo, snapshot: Snapshot): boolean {
  return (
    plugin.preFilter === undefined || state.has(plugin.name) || plugin.preFilter(new Map(), pod, snapshot) !== 'skip'
  );
}

/**
 * Takes all less important pods away and, when the pod fits then, puts back as many as fit beside it, the most important first.
 * Those that cannot stay are the victims.
 */
function selectVictims(
  filters: readonly Plugin[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): readonly PodInfo[] | undefined {
  const lower = [...node.pods.values()].filter((other) => other.priority < pod.priority);
  if (lower.length === 0) return undefined;
  const remove = (other: PodInfo) => {
    node.removePod(other.key);
    for (const plugin of filters) plugin.podRemoved?.(state, pod, other, node);
  };
  const putBack = (other: PodInfo) => {
    node.addPod(other);
    for (const plugin of filters) plugin.podAdded?.(state, pod, other, node);
  };
  for (const other of lower) remove(other);
  const victims: PodInfo[] = [];
  const fits = rejection(filters, state, pod, node) === undefined;
  for (const other of lower.sort(moreImportantFirst)) {
    putBack(other);
    if (!fits || rejection(filters, state, pod, node) === undefined) continue;
    remove(other);
    victims.push(other);
  }
  for (const victim of victims) putBack(victim);
  return fits && victims.length > 0 ? victims : undefined;
}

function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startedAt(a) - startedAt(b);
}

/** Lowest highest priority, then lowest sum, then fewest victims, then the one whose most important victim started last. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => Math.max(...victims.map((victim) => victim.priority));
  const sum = ({ victims }: Candidate) => victims.reduce((total, victim) => total + victim.priority + 2 ** 31, 0);
  const started = (candidate: Candidate) =>
    Math.min(...candidate.victims.filter((victim) => victim.priority === highest(candidate)).map(startedAt));
  return highest(a) - highest(b) || sum(a) - sum(b) || a.victims.length - b.victims.length || started(b) - started(a);
}

function startedAt(info: PodInfo): number {
  const { startTime } = info.pod.status ?? {};
  return startTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(startTime);
}
