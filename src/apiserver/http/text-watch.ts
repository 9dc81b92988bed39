import type { StatusError } from '../../machinery/status-error.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import type { ChangeType } from '../watch/cache-event.ts';
import { concat } from './body-pieces.ts';
import type { BookmarkMetadata, WatchFormat } from './object-format.ts';
import type { Shape } from './shapes.ts';

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const closing = bytes('}\n');
const openings: Readonly<Record<ChangeType, Uint8Array>> = {
  ADDED: bytes('{"type":"ADDED","object":'),
  MODIFIED: bytes('{"type":"MODIFIED","object":'),
  DELETED: bytes('{"type":"DELETED","object":'),
};

/** A JSON document in a line for each event. */
export class TextWatch implements WatchFormat {
  readonly contentType = 'application/json';
  readonly sharedAs: string | undefined;
  readonly #shape: Shape;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.sharedAs = shape.sharedAs;
  }

  change(type: ChangeType, object: StoredObject, first: boolean): Uint8Array {
    const parts = [openings[type]];
    this.#shape.appendObject(parts, object, first);
    parts.push(closing);
    return concat(parts);
  }

  bookmark(metadata: BookmarkMetadata): Uint8Array {
    return line('BOOKMARK', this.#shape.bookmark(metadata));
  }

  error(error: StatusError): Uint8Array {
    return line('ERROR', error.status);
  }
}

function line(type: string, object: object): Uint8Array {
  return bytes(`${JSON.stringify({ type, object })}\n`);
}
