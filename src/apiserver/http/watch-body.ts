import type { StatusError } from '../../machinery/status-error.ts';
import type { OpenWatch } from '../registry/resource-server.ts';
import type { WatchItem } from '../watch/watch-filter.ts';
import type { Shape } from './shapes.ts';
import { concat } from './text-formats.ts';

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const closing = bytes('}\n');
const openings = {
  ADDED: bytes('{"type":"ADDED","object":'),
  MODIFIED: bytes('{"type":"MODIFIED","object":'),
  DELETED: bytes('{"type":"DELETED","object":'),
};
const initialEventsEndAnnotation = 'k8s.io/initial-events-end';
/** Frames that are ready together go out together, up to this size. */
const pieceBytes = 64 * 1024;

/**
 * The frames of a watch, one JSON document in a line each, until it ends. What several watchers see is encoded once and shared;
 * frames that are waiting go out in one piece.
 */
export async function* watchBody(open: OpenWatch, shape: Shape): AsyncGenerator<Uint8Array, void> {
  const { watcher } = open;
  let first = true;
  try {
    for (let item = await watcher.next(); item !== undefined; item = await watcher.next()) {
      const frames = [frame(open, shape, item, first)];
      let size = frames[0]?.length ?? 0;
      first = false;
      while (size < pieceBytes) {
        const next = watcher.take();
        if (next === undefined) break;
        const encoded = frame(open, shape, next, false);
        frames.push(encoded);
        size += encoded.length;
      }
      yield concat(frames);
    }
  } finally {
    watcher.close();
  }
}

/** The only frame of a watch that could not begin. */
export function errorFrame(error: StatusError): Uint8Array {
  return bytes(`${JSON.stringify({ type: 'ERROR', object: error.status })}\n`);
}

function frame({ resource }: OpenWatch, shape: Shape, item: WatchItem, first: boolean): Uint8Array {
  if (item.type === 'ERROR') return errorFrame(item.error);
  if (item.type === 'BOOKMARK') {
    const resourceVersion = String(item.revision);
    const annotations = { [initialEventsEndAnnotation]: 'true' };
    const object = shape.bookmark({ resourceVersion, ...(item.initialEventsEnd && { annotations }) });
    return bytes(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }
  const { type, event } = item;
  const encode = (): Uint8Array => {
    const parts = [openings[type]];
    shape.appendObject(parts, resource.view.of(item.object), first);
    parts.push(closing);
    return concat(parts);
  };
  if (event === undefined || shape.sharedAs === undefined) return encode();
  return event.encoded(`${type} ${shape.sharedAs}`, encode);
}
