import type { StatusError } from '../../machinery/status-error.ts';
import { ProtobufWriter } from '../../wire/protobuf-writer.ts';
import { documentPieces, fieldHead } from '../protobuf/envelope.ts';
import { valueDocument } from '../protobuf/value-document.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import type { ChangeType } from '../watch/cache-event.ts';
import { concat } from './body-pieces.ts';
import { protobufMediaType } from './media-types.ts';
import type { BookmarkMetadata, WatchFormat } from './object-format.ts';
import type { MessageShape } from './shapes.ts';

/** How many bytes tell how long a frame is. */
export const frameLengthBytes = 4;

/** For each event a message of type `WatchEvent`, after its length: the name of the event, and as raw bytes the document of the object. */
export class ProtobufWatch implements WatchFormat {
  readonly contentType = `${protobufMediaType};stream=watch`;
  readonly sharedAs: string;
  readonly #shape: MessageShape;

  constructor(shape: MessageShape) {
    this.#shape = shape;
    this.sharedAs = `protobuf ${shape.sharedAs}`;
  }

  change(type: ChangeType, object: StoredObject): Uint8Array {
    return frame(type, documentPieces(this.#shape.typeOf(object), [this.#shape.message(object)]));
  }

  bookmark(metadata: BookmarkMetadata): Uint8Array {
    return frame('BOOKMARK', valueDocument(this.#shape.bookmark(metadata)));
  }

  error(error: StatusError): Uint8Array {
    return frame('ERROR', valueDocument(error.status));
  }
}

const writer = new ProtobufWriter();

function frame(type: string, document: readonly Uint8Array[]): Uint8Array {
  writer.text(1, type);
  const head = writer.finish();
  const raw = [fieldHead(1, document), ...document];
  const event = concat([new Uint8Array(frameLengthBytes), head, fieldHead(2, raw), ...raw]);
  new DataView(event.buffer, event.byteOffset).setUint32(0, event.length - frameLengthBytes);
  return event;
}
