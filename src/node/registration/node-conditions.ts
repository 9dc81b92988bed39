import { formatTime } from '../../machinery/time.ts';
import type { NodeCondition } from '../../resources/schema/core-v1.generated.ts';
import type { NodeConfig } from '../config.ts';
import type { HostStats } from '../host/host.ts';
import type { Machine } from '../machine.ts';

export interface NodeConditionsInput {
  readonly machine: Pick<Machine, 'runtimeProblem' | 'networkProblem' | 'info'>;
  readonly stats: HostStats;
  readonly config: Pick<NodeConfig, 'evictionMemoryBytes' | 'evictionDiskShare'>;
  readonly previous: readonly NodeCondition[];
  readonly now: number;
}

/** Inodes below this share of a full file system count as a full disk. */
const leastInodes = 10_000;
/** Processes kept free. */
const leastProcessShare = 0.05;

/** The node's conditions, with the kubelet's reasons and messages. */
export function nodeConditions(input: NodeConditionsInput): readonly NodeCondition[] {
  const { stats, config, machine } = input;
  const { info } = machine;
  const lowMemory = stats.memoryAvailableBytes < config.evictionMemoryBytes;
  const lowDisk =
    stats.diskAvailableBytes < info.diskBytes * config.evictionDiskShare || stats.diskInodesFree < leastInodes;
  const lowPids = stats.processesMax - stats.processes < stats.processesMax * leastProcessShare;
  const problems = [
    machine.runtimeProblem === undefined ? undefined : `container runtime is down: ${machine.runtimeProblem}`,
    machine.networkProblem === undefined ? undefined : `container runtime network not ready: ${machine.networkProblem}`,
  ].filter((problem) => problem !== undefined);
  return [
    condition(input, 'MemoryPressure', lowMemory, [
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ]),
    condition(input, 'DiskPressure', lowDisk, [
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ]),
    condition(input, 'PIDPressure', lowPids, [
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ]),
    condition(input, 'Ready', problems.length === 0, [
      ['KubeletReady', 'kubelet is posting ready status'],
      ['KubeletNotReady', problems.length > 1 ? `[${problems.join(', ')}]` : (problems[0] ?? '')],
    ]),
  ];
}

type Words = readonly [reason: string, message: string];

function condition(
  { previous, now }: NodeConditionsInput,
  type: string,
  holds: boolean,
  [whenTrue, whenFalse]: readonly [Words, Words],
): NodeCondition {
  const status = holds ? 'True' : 'False';
  const [reason, message] = holds ? whenTrue : whenFalse;
  const before = previous.find((each) => each.type === type);
  const time = formatTime(now);
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? time) : time;
  return { type, status, lastHeartbeatTime: time, lastTransitionTime, reason, message };
}
