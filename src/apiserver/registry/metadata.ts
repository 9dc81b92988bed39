import type { Draft, KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { badRequest } from '../../machinery/status-errors.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { WriteScope } from './write-scope.ts';

/** What a kind is called where its rules are broken: by the name under which it is stored. */
export function storedType({ type, storage }: ResourceDefinition): ResourceType {
  return storage?.conversion?.storedAs ?? type;
}

/** The object goes where the path says; one that names another place is refused. */
export function checkNamespace(object: Draft<KubeObject>, type: ResourceType, namespace: string): void {
  const own = object.metadata.namespace ?? '';
  if (!type.namespaced) {
    delete object.metadata.namespace;
    return;
  }
  if (own === '') object.metadata.namespace = namespace;
  else if (own !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** What only the server sets. `selfLink` has been empty since 1.20. */
export function wipeSystemFields(object: Draft<KubeObject>): void {
  const metadata: Draft<KubeObject>['metadata'] & { selfLink?: string } = object.metadata;
  delete metadata.selfLink;
  delete metadata.uid;
  delete metadata.resourceVersion;
  delete metadata.creationTimestamp;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  if (metadata.name === '') delete metadata.name;
}

/** Two references to the same owner become one, with a warning. */
export function dedupeOwners(object: Draft<KubeObject>, scope: WriteScope): void {
  const owners = object.metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return;
  const seen = new Set<string>();
  const repeated: string[] = [];
  object.metadata.ownerReferences = owners.filter((owner) => {
    const identity = JSON.stringify([
      owner.apiVersion,
      owner.kind,
      owner.name,
      owner.uid,
      owner.controller,
      owner.blockOwnerDeletion,
    ]);
    if (!seen.has(identity)) return seen.add(identity) !== undefined;
    repeated.push(owner.uid);
    return false;
  });
  if (repeated.length === 0) return;
  scope.warn(
    `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}
