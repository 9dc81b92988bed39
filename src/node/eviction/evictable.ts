import { tolerates } from '../../resources/core/scheduling/tolerations.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { Refusal } from '../pods/pod-admission.ts';
import type { PressureCondition } from './signals.ts';

/** From this priority on the system itself depends on a pod. */
const systemCriticalPriority = 2_000_000_000;
const memoryPressureTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };

/** Whether a pod is never evicted: one that the system depends on, or that no API server could place elsewhere. */
export function isCritical({ metadata, spec }: Pod): boolean {
  const source = metadata.annotations?.['kubernetes.io/config.source'];
  const isStatic = source !== undefined && source !== 'api';
  const isMirror = metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
  return isStatic || isMirror || (spec?.priority ?? 0) >= systemCriticalPriority;
}

/** Why a node under pressure does not take a pod; undefined when it does. */
export function pressureRefusal(pod: Pod, conditions: readonly PressureCondition[]): Refusal | undefined {
  if (conditions.length === 0 || isCritical(pod)) return undefined;
  if (conditions.length === 1 && conditions[0] === 'MemoryPressure') {
    // Who asked for memory gets it; of the others something would soon be evicted.
    if (pod.status?.qosClass !== 'BestEffort') return undefined;
    if (pod.spec?.tolerations?.some((each) => tolerates(each, memoryPressureTaint)) === true) return undefined;
  }
  return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` };
}
