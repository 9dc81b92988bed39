import type { Command } from 'commander';
import type { decideLimits } from '../cluster/agent/agent-limits.ts';

/** What is given of them; a text each, as it was written. */
export type NodeLimitOptions = Parameters<typeof decideLimits>[1];

const pairs = (value: string, before: string | undefined) =>
  before === undefined || before === '' || value === '' ? value : `${before},${value}`;

/** What nodes keep from pods, as a kubelet is told; kept in the data directory for the next start. */
export function withNodeLimits(command: Command): Command {
  return command
    .option('--system-reserved <amounts>', 'kept from pods for the system: cpu=200m,memory=500Mi,pid=1000', pairs)
    .option('--kube-reserved <amounts>', 'kept from pods for the agent and what it needs', pairs)
    .option(
      '--eviction-hard <thresholds>',
      'end a pod when less is left, in place of all usual thresholds: memory.available<1Gi,nodefs.available<10%',
      pairs,
    )
    .option('--eviction-soft <thresholds>', 'the same when less is left for a while', pairs)
    .option('--eviction-soft-grace-period <periods>', 'for how long: memory.available=1m30s', pairs)
    .option('--eviction-max-pod-grace-period <seconds>', 'what a pod then gets to end in')
    .option('--eviction-minimum-reclaim <amounts>', 'how much more has to be left afterwards', pairs)
    .option('--eviction-pressure-transition-period <duration>', 'how long a node counts as short afterwards');
}
