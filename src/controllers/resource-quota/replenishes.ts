import type { KubeObject } from '../../machinery/object.ts';
import { groupResource, type ResourceType } from '../../machinery/resource-type.ts';
import { claimReplenishes } from '../../resources/core/resource-quota/evaluators.ts';
import type { PersistentVolumeClaim, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import { isPodFinished } from '../runtime/pods.ts';

/** Whether an object may use less after this change. */
export function replenishes(type: ResourceType, now: KubeObject, before: KubeObject): boolean {
  switch (groupResource(type)) {
    case 'pods':
      return podReplenishes(now as Pod, before as Pod);
    case 'services':
      return (now as Service).spec?.type !== (before as Service).spec?.type;
    case 'persistentvolumeclaims':
      return claimReplenishes(now as PersistentVolumeClaim, before as PersistentVolumeClaim);
    default:
      return false;
  }
}

/** It has ended, or it was changed, or a resize has come to its end. */
function podReplenishes(now: Pod, before: Pod): boolean {
  return (
    (isPodFinished(now) && !isPodFinished(before)) ||
    now.metadata.generation !== before.metadata.generation ||
    resizing(now) !== resizing(before)
  );
}

function resizing({ status }: Pod): string {
  const conditions = status?.conditions?.filter(({ type }) => type.startsWith('PodResize')) ?? [];
  return conditions.map(({ type, reason }) => `${type} ${reason}`).join();
}
