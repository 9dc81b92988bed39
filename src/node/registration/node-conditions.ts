import { formatTime } from '../../machinery/time.ts';
import type { NodeCondition } from '../../resources/schema/core-v1.generated.ts';
import type { PressureCondition } from '../eviction/signals.ts';

export interface NodeConditionsInput {
  /** What keeps the node from being ready. */
  readonly problems: readonly string[];
  /** What the node is said to be under. */
  readonly pressure: readonly PressureCondition[];
  readonly previous: readonly NodeCondition[];
  readonly now: number;
}

/** The node's conditions, with the kubelet's reasons and messages. */
export function nodeConditions(input: NodeConditionsInput): readonly NodeCondition[] {
  const { pressure, problems } = input;
  return [
    condition(input, 'MemoryPressure', pressure.includes('MemoryPressure'), [
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ]),
    condition(input, 'DiskPressure', pressure.includes('DiskPressure'), [
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ]),
    condition(input, 'PIDPressure', pressure.includes('PIDPressure'), [
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
