import type { Informer } from '../../client/informer.ts';
import type { KubeObject, OwnerReference } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';

/** The owner that controls the object, of which there is at most one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** The one of these objects that controls another, as the cache has it; undefined where it is of another kind, or its name is somebody else's now. */
export function cachedOwner<T extends KubeObject>(owners: Informer<T>, object: KubeObject): T | undefined {
  const reference = controllerOf(object);
  if (reference?.kind !== owners.type.kind) return undefined;
  const found = owners.get(reference.name, object.metadata.namespace);
  return found?.metadata.uid === reference.uid ? found : undefined;
}

/** The reference by which an owner controls what it makes. */
export function controllerReference(type: ResourceType, owner: KubeObject): OwnerReference {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
