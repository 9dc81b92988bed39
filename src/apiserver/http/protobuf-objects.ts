import type { Environment } from '../../machinery/environment/environment.ts';
import { builtInSchema } from '../../resources/schema/schema-table.ts';
import type { HttpBody } from '../../wire/http.ts';
import { encodeMessage } from '../protobuf/encode-message.ts';
import { documentPieces, fieldHead } from '../protobuf/envelope.ts';
import { valueDocument } from '../protobuf/value-document.ts';
import type { ListPage } from '../registry/read.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import { bodyPieces, concat } from './body-pieces.ts';
import { protobufMediaType } from './media-types.ts';
import type { ObjectFormat } from './object-format.ts';
import { listMetadata, type MessageShape } from './shapes.ts';
import type { ValueFormat } from './value-format.ts';

const listMeta = builtInSchema('meta.v1.ListMeta');
/** Lists up to this length are made at once. */
const objectsPerTurn = 250;

/** Objects as protobuf messages, each of which is encoded once for all who ask. */
export class ProtobufObjects implements ObjectFormat {
  readonly contentType = protobufMediaType;
  readonly #shape: MessageShape;

  constructor(shape: MessageShape) {
    this.#shape = shape;
  }

  object(object: StoredObject): Uint8Array {
    return concat(documentPieces(this.#shape.typeOf(object), [this.#shape.message(object)]));
  }

  list(page: ListPage, environment: Environment): HttpBody {
    const { items } = page;
    if (items.length > objectsPerTurn) return this.#longList(page, environment);
    const messages = items.map((object) => this.#shape.message(object));
    return concat(this.#listParts(page, messages));
  }

  /** The length of the whole stands at the beginning, so everything is encoded before the first piece goes out. */
  async *#longList(page: ListPage, environment: Environment): AsyncGenerator<Uint8Array, void> {
    const messages: Uint8Array[] = [];
    for (const object of page.items) {
      messages.push(this.#shape.message(object));
      if (messages.length % objectsPerTurn === 0) await environment.turn();
    }
    yield* bodyPieces(this.#listParts(page, messages));
  }

  #listParts(page: ListPage, messages: readonly Uint8Array[]): Uint8Array[] {
    const { metadata, ...type } = this.#shape.envelope(listMetadata(page));
    const head = encodeMessage(listMeta, metadata);
    const parts = [fieldHead(1, [head]), head];
    for (const message of messages) parts.push(fieldHead(2, [message]), message);
    return documentPieces(type, parts);
  }
}

export const protobufValues: ValueFormat = {
  contentType: protobufMediaType,
  value: (value) => concat(valueDocument(value)),
};
