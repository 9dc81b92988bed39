import type { OpenWatch } from '../registry/resource-server.ts';
import type { WatchItem } from '../watch/watch-filter.ts';
import { concat } from './body-pieces.ts';
import type { WatchFormat } from './object-format.ts';

const initialEventsEndAnnotation = 'k8s.io/initial-events-end';
/** Frames that are ready together go out together, up to this size. */
const pieceBytes = 64 * 1024;

/**
 * The frames of a watch until it ends. What several watchers see is encoded once and shared; frames that are waiting go out in one
 * piece.
 */
export async function* watchBody(open: OpenWatch, format: WatchFormat): AsyncGenerator<Uint8Array, void> {
  const { watcher } = open;
  let first = true;
  try {
    for (let item = await watcher.next(); item !== undefined; item = await watcher.next()) {
      const frames = [frame(open, format, item, first)];
      let size = frames[0]?.length ?? 0;
      first = false;
      while (size < pieceBytes) {
        const next = watcher.take();
        if (next === undefined) break;
        const encoded = frame(open, format, next, false);
        frames.push(encoded);
        size += encoded.length;
      }
      yield concat(frames);
    }
  } finally {
    watcher.close();
  }
}

function frame({ resource }: OpenWatch, format: WatchFormat, item: WatchItem, first: boolean): Uint8Array {
  if (item.type === 'ERROR') return format.error(item.error);
  if (item.type === 'BOOKMARK') {
    const resourceVersion = String(item.revision);
    const annotations = { [initialEventsEndAnnotation]: 'true' };
    return format.bookmark({ resourceVersion, ...(item.initialEventsEnd && { annotations }) });
  }
  const { type, event } = item;
  const encode = (): Uint8Array => format.change(type, resource.view.of(item.object), first);
  if (event === undefined || format.sharedAs === undefined) return encode();
  return event.encoded(`${type} ${format.sharedAs}`, encode);
}
