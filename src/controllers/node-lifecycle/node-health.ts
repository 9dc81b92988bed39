import { findCondition } from '../../machinery/conditions.ts';
import type { Node, NodeCondition, Taint } from '../../resources/schema/core-v1.generated.ts';

/** Conditions that an agent reports, and what each turns into when the agent falls silent. */
const reported: readonly (readonly [type: string, neverReason: string, neverMessage: string])[] = [
  ['Ready', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.'],
  ['MemoryPressure', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.'],
  ['DiskPressure', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.'],
  ['PIDPressure', 'NodeStatusNeverUpdated', 'Kubelet never posted node status.'],
];

/** The conditions of a node whose agent has been silent for too long; undefined when they say so already. */
export function silentConditions(node: Node, now: string): readonly NodeCondition[] | undefined {
  const before = node.status?.conditions ?? [];
  let changed = false;
  const after = before.map((condition) => {
    if (!reported.some(([type]) => type === condition.type) || condition.status === 'Unknown') return condition;
    changed = true;
    return {
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: now,
    };
  });
  for (const [type, reason, message] of reported) {
    if (before.some((condition) => condition.type === type)) continue;
    changed = true;
    const { creationTimestamp } = node.metadata;
    after.push({
      type,
      status: 'Unknown',
      reason,
      message,
      lastHeartbeatTime: creationTimestamp ?? now,
      lastTransitionTime: now,
    });
  }
  return changed ? after : undefined;
}

const prefix = 'node.kubernetes.io/';

/** Which taint a condition brings, by its status (KEP-382). */
const taintOfCondition: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: `${prefix}not-ready`, Unknown: `${prefix}unreachable` },
  MemoryPressure: { True: `${prefix}memory-pressure` },
  DiskPressure: { True: `${prefix}disk-pressure` },
  PIDPressure: { True: `${prefix}pid-pressure` },
  NetworkUnavailable: { True: `${prefix}network-unavailable` },
};

const managed = new Set([
  `${prefix}unschedulable`,
  ...Object.values(taintOfCondition).flatMap((each) => Object.values(each)),
]);

/** The taints with NoSchedule that a node's conditions and cordon ask for; undefined when it has just those. */
export function conditionTaints(node: Node, now: string): readonly Taint[] | undefined {
  const wanted = new Set<string>();
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = taintOfCondition[type]?.[status];
    if (key !== undefined) wanted.add(key);
  }
  if (node.spec?.unschedulable === true) wanted.add(`${prefix}unschedulable`);
  const before = node.spec?.taints ?? [];
  const isOurs = ({ key, effect }: Taint) => managed.has(key) && effect === 'NoSchedule';
  const present = new Set(before.filter(isOurs).map(({ key }) => key));
  if (present.size === wanted.size && [...wanted].every((key) => present.has(key))) return undefined;
  const kept = before.filter((taint) => !isOurs(taint) || wanted.has(taint.key));
  const added = [...wanted]
    .filter((key) => !present.has(key))
    .map((key) => ({ key, effect: 'NoSchedule', timeAdded: now }));
  return [...kept, ...added];
}

/** The taints that make pods leave a node in trouble, by its Ready status (KEP-166). */
const evicting: Readonly<Record<string, string>> = {
  False: `${prefix}not-ready`,
  Unknown: `${prefix}unreachable`,
};

export function isEvictingTaint({ key, effect }: Taint): boolean {
  return effect === 'NoExecute' && (key === evicting['False'] || key === evicting['Unknown']);
}

/**
 * The taints of a node of which pods are to leave, or which they need not leave any more: the one of NoExecute that its Ready
 * status asks for, in place of the other. Undefined when it has just those.
 */
export function evictionTaints(node: Node, now: string): readonly Taint[] | undefined {
  const wanted = evicting[findCondition(node.status?.conditions, 'Ready')?.status ?? ''];
  const before = node.spec?.taints ?? [];
  const present = before.filter(isEvictingTaint);
  if (present.every(({ key }) => key === wanted) && present.length === (wanted === undefined ? 0 : 1)) return undefined;
  const kept = before.filter((taint) => !isEvictingTaint(taint) || taint.key === wanted);
  if (wanted === undefined || present.some(({ key }) => key === wanted)) return kept;
  return [...kept, { key: wanted, effect: 'NoExecute', timeAdded: now }];
}

/** Labels that old programs read, each with the one that it has to repeat. */
const legacyLabels: readonly (readonly [label: string, legacy: string])[] = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
];

/** The labels of old names that a node lacks or has with another value; undefined when there is none. */
export function missingLegacyLabels({ metadata: { labels = {} } }: Node): Readonly<Record<string, string>> | undefined {
  const missing = legacyLabels.flatMap(([label, legacy]) => {
    const value = labels[label];
    return value === undefined || labels[legacy] === value ? [] : [[legacy, value] as const];
  });
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}
