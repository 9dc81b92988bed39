import type { Signal } from './signals.ts';

/** When a node takes itself to be short of something, and what it does then. Amounts are quantities, or shares such as `10%`. */
export interface EvictionConfig {
  /** Less than this left: a pod is ended at once. */
  readonly hard: Readonly<Partial<Record<Signal, string>>>;
  /** Less than this left for as long as the grace period of the signal: a pod is ended with a grace period of its own. */
  readonly soft: Readonly<Partial<Record<Signal, string>>>;
  readonly softGracePeriodMs: Readonly<Partial<Record<Signal, number>>>;
  /** What a pod gets to end in after a soft threshold. */
  readonly maxPodGracePeriodSeconds: number;
  /** How much more than the threshold has to be left before a shortage is over. */
  readonly minimumReclaim: Readonly<Partial<Record<Signal, string>>>;
  /** For how long a node is said to be under pressure after it was last seen. */
  readonly pressureTransitionMs: number;
  /** How often the node is looked at; 0: never. */
  readonly everyMs: number;
}

/** The kubelet's; and beside them a share of processes that is kept free, of which its documentation speaks as usual. */
export const defaultEviction: EvictionConfig = {
  hard: {
    'memory.available': '100Mi',
    'nodefs.available': '10%',
    'nodefs.inodesFree': '5%',
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
    'pid.available': '5%',
  },
  soft: {},
  softGracePeriodMs: {},
  maxPodGracePeriodSeconds: 0,
  minimumReclaim: {},
  pressureTransitionMs: 300_000,
  everyMs: 10_000,
};
