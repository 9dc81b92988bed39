import { findCondition } from '../machinery/conditions.ts';
import type { Pod } from '../resources/schema/core-v1.generated.ts';
import { countedReasons } from './diagnosis.ts';
import { type CycleState, type Plugin, type Rejection, rejected, rejectedForGood, type Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { type Diagnosis, rejection, type Search } from './schedule-pod.ts';
import { violatingPods } from './violating-pods.ts';

/** Where room can be made for a pod, and by whose leaving; or why nowhere. `ineligible`: nobody may be asked to leave for it now. */
export type Preemption = { readonly message: string } & (
  | { readonly outcome: 'found'; readonly nodeName: string; readonly victims: readonly PodInfo[] }
  | { readonly outcome: 'none' | 'ineligible' }
);

interface Candidate {
  readonly node: NodeInfo;
  readonly victims: readonly PodInfo[];
  /** How many victims their budgets would not let go. */
  readonly violations: number;
}

const notHelpful = rejectedForGood('Preemption is not helpful for scheduling');
const nobodyToLeave = rejected('No preemption victims found for incoming pod');
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
  if (pod.pod.spec?.preemptionPolicy === 'Never')
    return { outcome: 'ineligible', message: 'not eligible due to preemptionPolicy=Never.' };
  if (awaitsRoom(pod, snapshot, diagnosis))
    return { outcome: 'ineligible', message: 'not eligible due to a terminating pod on the nominated node.' };
  const verdicts: Rejection[] = [];
  const candidates: Candidate[] = [];
  const filters = plugins.filter((plugin) => plugin.filter !== undefined && isActive(plugin, state, pod, snapshot));
  for (const [name, refused] of diagnosis.rejections) {
    const node = snapshot.node(name);
    if (node === undefined) continue;
    if (refused.unresolvable) {
      verdicts.push(notHelpful);
      continue;
    }
    if (candidates.length >= mostCandidates) break;
    const chosen = selectVictims({ filters, state, pod, snapshot }, node);
    if ('reasons' in chosen) verdicts.push(chosen);
    else candidates.push({ node, ...chosen });
  }
  const [best] = candidates.sort(compareCandidates);
  if (best === undefined)
    return {
      outcome: 'none',
      message: `${total}: ${countedReasons(verdicts, notHelpful, diagnosis.nodeCount - diagnosis.rejections.size)}.`,
    };
  const { node, victims } = best;
  const message = `found a potential placement for pod on node ${node.name}, preempting ${victims.length} victims`;
  return { outcome: 'found', message, nodeName: node.name, victims };
}

/** Whether somebody is ending already to make room for the pod, on a node that would still take it. */
function awaitsRoom({ pod, priority }: PodInfo, snapshot: Snapshot, diagnosis: Diagnosis): boolean {
  const name = pod.status?.nominatedNodeName ?? '';
  const node = snapshot.node(name);
  if (node === undefined || diagnosis.rejections.get(name)?.unresolvable === true) return false;
  return [...node.pods.values()].some((other) => other.priority < priority && isEndingForAnother(other.pod));
}

function isEndingForAnother({ metadata, status }: Pod): boolean {
  const condition = findCondition(status?.conditions, 'DisruptionTarget');
  const preempted = condition?.status === 'True' && condition.reason === 'PreemptionByScheduler';
  return metadata.deletionTimestamp !== undefined && preempted;
}

/** Only plugins that had something to filter take part; asking again would spoil their state, so it is seen by what they left. */
function isActive(plugin: Plugin, state: CycleState, pod: PodInfo, snapshot: Snapshot): boolean {
  return (
    plugin.preFilter === undefined || state.has(plugin.name) || plugin.preFilter(new Map(), pod, snapshot) !== 'skip'
  );
}

/**
 * Takes all less important pods away and, when the pod fits then, puts back as many as fit beside it: first those that their
 * budgets would not let go, and of each kind the most important first. Those that cannot stay are the victims. Or why it does not fit.
 */
function selectVictims(search: Search, node: NodeInfo): Pick<Candidate, 'victims' | 'violations'> | Rejection {
  const { filters, state, pod, snapshot } = search;
  const lower = [...node.pods.values()].filter((other) => other.priority < pod.priority).sort(moreImportantFirst);
  if (lower.length === 0) return nobodyToLeave;
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
  const refused = rejection(search, node)?.rejection;
  const violating = violatingPods(lower, snapshot);
  for (const other of [...violating, ...lower.filter((each) => !violating.has(each))]) {
    putBack(other);
    if (refused !== undefined || rejection(search, node) === undefined) continue;
    remove(other);
    victims.push(other);
  }
  for (const victim of victims) putBack(victim);
  if (refused !== undefined || victims.length === 0) return refused ?? nobodyToLeave;
  const violations = victims.filter((victim) => violating.has(victim)).length;
  return { victims: victims.sort(moreImportantFirst), violations };
}

function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startedAt(a) - startedAt(b);
}

/** Fewest violations of budgets, then lowest highest priority, then lowest sum, then fewest victims, then the one whose most important victim started last. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => Math.max(...victims.map((victim) => victim.priority));
  const sum = ({ victims }: Candidate) => victims.reduce((total, victim) => total + victim.priority + 2 ** 31, 0);
  const started = (candidate: Candidate) =>
    Math.min(...candidate.victims.filter((victim) => victim.priority === highest(candidate)).map(startedAt));
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    started(b) - started(a)
  );
}

function startedAt(info: PodInfo): number {
  const { startTime } = info.pod.status ?? {};
  return startTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(startTime);
}
