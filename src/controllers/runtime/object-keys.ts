import type { ObjectKey } from '../../client/client.ts';
import { cacheKey } from '../../client/informers/indexed-cache.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { Change } from './controller.ts';

/** `namespace/name`, or `name` for what has no namespace. */
export function keyOf(object: KubeObject): string {
  return cacheKey(object.metadata);
}

export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** What a client needs to find the object again. */
export function objectKey(object: KubeObject): ObjectKey {
  const { namespace, name = '' } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}

/** Maps every change of an object to the object's own key. */
export function ownKey(change: Change<KubeObject>): Iterable<string> {
  return [keyOf(change.object)];
}
