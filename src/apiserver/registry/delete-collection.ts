import { isReason } from '../../machinery/status-error.ts';
import { remove } from './delete.ts';
import type { DeleteSettings } from './delete-settings.ts';
import { type ListPage, type ListSettings, list, type ReadScope } from './read.ts';
import type { StoredObject } from './stored-object.ts';
import type { WriteScope } from './write-scope.ts';

/** Deletes go out in batches of this size, so that one request does not fill the store's queue. */
const batchSize = 16;

/** Deletes everything that a list would show; what is gone meanwhile does not matter. Answers what was listed. */
export async function deleteCollection(
  scope: WriteScope,
  readScope: ReadScope,
  listSettings: ListSettings,
  settings: DeleteSettings,
): Promise<ListPage> {
  const page = await list(readScope, listSettings);
  for (let start = 0; start < page.items.length; start += batchSize) {
    scope.signal?.throwIfAborted();
    const batch = page.items.slice(start, start + batchSize);
    await Promise.all(batch.map((object) => removeOne(scope, object, settings)));
    await scope.services.environment.turn();
  }
  return page;
}

async function removeOne(scope: WriteScope, object: StoredObject, settings: DeleteSettings): Promise<void> {
  const { format } = object;
  const info = { ...scope.info, namespace: format.namespaceOf(object.key), name: format.nameOf(object.key) };
  try {
    await remove({ ...scope, info }, settings);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}
