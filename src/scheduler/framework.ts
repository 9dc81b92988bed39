import type { Pod } from '../resources/schema/core-v1.generated.ts';
import type { PodDisruptionBudget } from '../resources/schema/policy-v1.generated.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** Why a node was turned down, in words a user reads in the event. */
export interface Rejection {
  readonly reasons: readonly string[];
  /** Nothing that preemption does on this node would help. */
  readonly unresolvable: boolean;
}

/** The nodes that are left before any was looked at. */
export interface OnlyNodes {
  readonly only: ReadonlySet<string>;
}

/** What one scheduling attempt shares between plugins: each keeps its own under its name. */
export type CycleState = Map<string, unknown>;

/** All that plugins may look at. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  node(name: string): NodeInfo | undefined;
  /** Pods that wait for room which others make for them on a node. */
  nominated(nodeName: string): readonly PodInfo[];
  /** PodDisruptionBudgets. */
  budgets(namespace: string): Iterable<PodDisruptionBudget>;
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
}

/** What happened in the cluster that may make a rejected pod fit. */
export type ClusterEvent =
  | 'NodeAdded'
  | 'NodeChanged'
  | 'NodeDeleted'
  | 'PodDeleted'
  /** A pod takes up less than before. */
  | 'PodScaledDown'
  | 'PodAssigned'
  | 'PodLabelsChanged'
  | 'VolumesChanged'
  | 'NamespaceChanged'
  /** A claim for devices or a class of them. */
  | 'DevicesChanged'
  | 'PodUpdated';

/**
 * One concern of scheduling. Filters and scores are synchronous and pure over the snapshot; only the steps after a node was chosen
 * may wait. Names are those of Kubernetes' own plugins.
 */
export interface Plugin {
  readonly name: string;
  /** Events after which a pod that this plugin rejected is worth another try. */
  readonly retryOn: readonly ClusterEvent[];
  /** Whether the pod may be tried at all; a reason when not. Asked before it enters the queue. */
  preEnqueue?(pod: Pod): string | undefined;
  /**
   * Looks at the pod once before any node; a rejection ends the attempt. `skip`: this plugin has nothing to filter. Names: no other
   * node comes into question, so no other is looked at.
   */
  preFilter?(state: CycleState, pod: PodInfo, snapshot: Snapshot): Rejection | OnlyNodes | 'skip' | undefined;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Rejection | undefined;
  /** Keeps the plugin's state right while preemption tries the node without (or with) a pod. */
  podRemoved?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
  podAdded?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  /** Looks at the nodes that are left. `skip`: no scores from this plugin. */
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], snapshot: Snapshot): 'skip' | undefined;
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** Brings raw scores to 0..100 in place; absent: they are that already. */
  normalize?(state: CycleState, scores: number[], nodes: readonly NodeInfo[]): void;
  /** How much its scores count; 1 unless given. */
  readonly weight?: number;
  /** Claims what the decision needs, before binding goes on by itself. */
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** Whether `preBind` has something to do, which may take long: the pod's status then tells where it is to go (KEP-5278). */
  awaitsPreBind?(state: CycleState, nodeName: string): boolean;
  /** What must be true before binding (volumes bound). Throws when it cannot be. */
  preBind?(state: CycleState, pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void>;
}

export const highestScore = 100;

/** Scales raw scores so that the best gets 100; `reverse`: the lowest raw score is the best. */
export function normalizeToHighest(scores: number[], reverse: boolean): void {
  const most = Math.max(0, ...scores);
  for (const [index, score] of scores.entries()) {
    const scaled = most === 0 ? 0 : Math.floor((score * highestScore) / most);
    scores[index] = reverse ? highestScore - scaled : scaled;
  }
}

/** A rejection that preemption may resolve. */
export function rejected(...reasons: string[]): Rejection {
  return { reasons, unresolvable: false };
}

/** A rejection that preemption cannot resolve. */
export function rejectedForGood(...reasons: string[]): Rejection {
  return { reasons, unresolvable: true };
}
