import type { Node, Pod } from '../resources/schema/core-v1.generated.ts';

export function isAssigned(pod: Pod): boolean {
  return (pod.spec?.nodeName ?? '') !== '';
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Whether an update could change what a waiting pod is refused for; of its status only which claims it was given can. */
export function specChanged(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.generation !== old.metadata.generation ||
    JSON.stringify(pod.metadata.labels) !== JSON.stringify(old.metadata.labels) ||
    pod.spec?.schedulingGates?.length !== old.spec?.schedulingGates?.length ||
    JSON.stringify(pod.status?.resourceClaimStatuses) !== JSON.stringify(old.status?.resourceClaimStatuses) ||
    pod.metadata.uid !== old.metadata.uid
  );
}

/** Whether an update could change which pods fit. Heartbeats change nothing that a filter looks at. */
export function nodeChanged(node: Node, old: Node): boolean {
  const view = ({ metadata, spec, status }: Node) =>
    JSON.stringify([metadata.labels, spec, status?.allocatable, status?.images]);
  return view(node) !== view(old);
}
