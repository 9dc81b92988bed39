import type { ResourceDefinition } from '../../resources/definition.ts';
import type { Call } from './call.ts';
import type { ComputedHandler } from './extension-points.ts';
import { ObjectView } from './object-view.ts';
import type { ListPage } from './read.ts';
import { compileSelection } from './selectors.ts';
import { StoredFormat } from './stored-format.ts';
import { StoredObject } from './stored-object.ts';

/** GET of an object that is worked out for the answer. It has no revision. */
export async function getComputed(
  definition: ResourceDefinition,
  handler: ComputedHandler,
  { info }: Call,
): Promise<StoredObject> {
  const format = new StoredFormat(definition.type, '');
  const object = await handler.get(info);
  return new StoredObject(format, format.key(info.namespace, info.name), format.encode(object), 0);
}

/** GET of a collection of them: what the selectors choose, all at once, ordered as stored objects are. */
export async function listComputed(
  definition: ResourceDefinition,
  handler: ComputedHandler,
  { info }: Call,
): Promise<ListPage> {
  const format = new StoredFormat(definition.type, '');
  const { filter } = compileSelection(definition, new ObjectView(definition, format), info);
  const objects = await handler.list({ namespace: filter.namespace });
  const all = objects.map((object) => {
    const { namespace = '', name = '' } = object.metadata;
    return { name, item: new StoredObject(format, format.key(namespace, name), format.encode(object), 0) };
  });
  const items = all
    .filter(({ name, item }) => (filter.name === '' || filter.name === name) && filter.matches?.(item) !== false)
    .map(({ item }) => item)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return { items, revision: 0, continue: '', remainingItemCount: undefined };
}
