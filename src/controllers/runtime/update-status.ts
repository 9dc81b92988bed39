import type { Client } from '../../client/client.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import { objectKey } from './object-keys.ts';

export interface StatusUpdate<T extends KubeObject & { readonly status?: unknown }> {
  readonly client: Client;
  readonly type: ResourceType<T>;
  /** As the caches know it. */
  readonly object: T;
  readonly status: T['status'];
  readonly signal: AbortSignal;
}

/**
 * Writes a status unless the object shows it already. When someone else has written meanwhile it tries once more on what is there
 * now; after that, and when it is another object of the same name, the next reconcile will do. Answers the object as it then is.
 */
export async function updateStatus<T extends KubeObject & { readonly status?: unknown }>(
  update: StatusUpdate<T>,
): Promise<T> {
  const { client, type, status, signal } = update;
  let { object } = update;
  for (let attempt = 1; ; attempt++) {
    if (equal(object.status, status)) return object;
    try {
      return await client.update(type, { ...object, status }, { subresource: 'status', signal });
    } catch (error) {
      if (!isReason(error, 'Conflict') || attempt === 2) throw error;
      const fresh = await client.get(type, objectKey(object), { signal });
      if (fresh.metadata.uid !== object.metadata.uid) throw error;
      object = fresh;
    }
  }
}
