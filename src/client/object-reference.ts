import type { KubeObject } from '../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../machinery/resource-type.ts';
import type { ObjectReference } from '../resources/schema/core-v1.generated.ts';

/** A reference to an object, for events. Objects of lists carry no kind of their own, so the type says it. */
export function referenceTo(type: ResourceType, object: KubeObject, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid,
    resourceVersion,
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}
