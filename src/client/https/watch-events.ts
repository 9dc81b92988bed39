import type { KubeObject } from '../../machinery/object.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { WatchEvent } from '../client.ts';
import { jsonLines } from './json-lines.ts';
import { errorOfStatus } from './response-error.ts';

/** The largest object a server stores is 1.5 MiB; JSON escapes and managed fields make it longer. */
const frameBytes = 32 * 1024 * 1024;

/** Marks the bookmark behind which the whole initial state has been sent (KEP-3157). */
const initialEventsEnd = 'k8s.io/initial-events-end';

/** The events of a watch answered as lines of JSON. Throws the `StatusError` of an ERROR event. */
export async function* watchEvents<T extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  for await (const line of jsonLines(body, frameBytes)) yield eventOf<T>(line);
}

function eventOf<T extends KubeObject>(line: string): WatchEvent<T> {
  const frame = parseFrame(line);
  switch (frame.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: frame.type, object: frame.object as T };
    case 'BOOKMARK': {
      const { metadata } = frame.object as KubeObject;
      return {
        type: 'BOOKMARK',
        resourceVersion: metadata.resourceVersion ?? '',
        initialEventsEnd: metadata.annotations?.[initialEventsEnd] === 'true',
      };
    }
    case 'ERROR':
      throw errorOfStatus(frame.object, 500) ?? undecodable(`an error event without a Status: ${line.slice(0, 200)}`);
    default:
      throw undecodable(`got invalid watch event type: ${String(frame.type)}`);
  }
}

function parseFrame(line: string): { readonly type: unknown; readonly object: unknown } {
  let frame: unknown;
  try {
    frame = JSON.parse(line);
  } catch (error) {
    throw undecodable(error instanceof Error ? error.message : String(error));
  }
  if (typeof frame === 'object' && frame !== null && 'type' in frame && 'object' in frame) {
    if (typeof frame.object === 'object' && frame.object !== null) return { type: frame.type, object: frame.object };
  }
  throw undecodable(`"${line.slice(0, 200)}" has no type and object`);
}

function undecodable(why: string): StatusError {
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `unable to decode an event from the watch stream: ${why}`,
  });
}
