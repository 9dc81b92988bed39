import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { isPodReady } from './pods.ts';

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** How far a pod has come, to be compared one after the other: of active pods that are too many those go first that have come least far. */
export function stageOf(pod: Pod): readonly number[] {
  return [pod.spec?.nodeName ? 1 : 0, phaseOrder[pod.status?.phase ?? ''] ?? 0, isPodReady(pod) ? 1 : 0];
}

/** How often its containers were restarted at most, then its sidecars, each negative: the more, the sooner it goes. */
export function restartsOf({ spec, status }: Pod): readonly number[] {
  const sidecars = new Set(
    spec?.initContainers?.filter((each) => each.restartPolicy === 'Always').map(({ name }) => name),
  );
  const most = (counts: readonly { readonly restartCount: number }[]) =>
    -Math.max(0, ...counts.map(({ restartCount }) => restartCount));
  return [
    most(status?.containerStatuses ?? []),
    most((status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))),
  ];
}

/** The first difference decides. */
export function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}
