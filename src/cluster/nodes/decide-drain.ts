import type { Pod } from '../../resources/schema/core-v1.generated.ts';

export interface DrainOptions {
  /** Also pods that nothing would make again. */
  readonly force: boolean;
  /** Also pods whose data lives and dies with them. */
  readonly deleteEmptyDirData: boolean;
}

export interface DrainDecision {
  readonly evict: readonly Pod[];
  /** Pods that belong to the node, and stay. */
  readonly stay: readonly Pod[];
  /** Why the node is not drained, pod by pod; empty when it is. */
  readonly obstacles: readonly { readonly pod: Pod; readonly reason: string; readonly option: string }[];
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** Which pods of a node have to go, with the caution of `kubectl drain`; those of DaemonSets would only come back. */
export function decideDrain(pods: readonly Pod[], { force, deleteEmptyDirData }: DrainOptions): DrainDecision {
  const evict: Pod[] = [];
  const stay: Pod[] = [];
  const obstacles: { pod: Pod; reason: string; option: string }[] = [];
  for (const pod of pods) {
    const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true);
    if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) stay.push(pod);
    else if (isFinished(pod)) evict.push(pod);
    else if (controller?.kind === 'DaemonSet') stay.push(pod);
    else if (controller === undefined && !force)
      obstacles.push({ pod, reason: 'nothing would make it again', option: '--force' });
    else if (hasEmptyDir(pod) && !deleteEmptyDirData)
      obstacles.push({ pod, reason: 'it has data in an emptyDir', option: '--delete-emptydir-data' });
    else evict.push(pod);
  }
  return { evict, stay, obstacles };
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function hasEmptyDir({ spec }: Pod): boolean {
  return spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) === true;
}
