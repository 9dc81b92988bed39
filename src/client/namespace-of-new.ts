import type { KubeObject } from '../machinery/object.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import { badRequest } from '../machinery/status-errors.ts';

/** Where an object is to be created. Throws BadRequest when its kind needs a namespace and it names none: no path leads to it. */
export function namespaceOfNew(type: ResourceType, { metadata }: KubeObject): string | undefined {
  const { namespace = '' } = metadata;
  if (type.namespaced && namespace === '')
    throw badRequest(`a ${type.kind} is created in a namespace, and this one has no metadata.namespace`);
  return namespace === '' ? undefined : namespace;
}
