import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpBody } from '../../wire/http.ts';
import type { ListPage } from '../registry/read.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import { bodyPieces } from './body-pieces.ts';
import type { ObjectFormat } from './object-format.ts';
import { listMetadata, type Shape } from './shapes.ts';
import type { TextFormat } from './text-formats.ts';

/** Objects as JSON or YAML. */
export class TextObjects implements ObjectFormat {
  readonly #shape: Shape;
  readonly #format: TextFormat;

  constructor(shape: Shape, format: TextFormat) {
    this.#shape = shape;
    this.#format = format;
  }

  get contentType(): string {
    return this.#format.contentType;
  }

  object(object: StoredObject): Uint8Array {
    const parts: Uint8Array[] = [];
    this.#shape.appendObject(parts, object, true);
    return this.#format.document(parts);
  }

  list(page: ListPage, environment: Environment): HttpBody {
    const pieces = bodyPieces(this.#listParts(page));
    const first = pieces.next();
    if (first.done === true) return new Uint8Array(0);
    const second = pieces.next();
    if (second.done === true) return first.value;
    return streamed([first.value, second.value], pieces, environment);
  }

  *#listParts(page: ListPage): Generator<Uint8Array, void> {
    const shape = this.#shape;
    const format = this.#format;
    const envelope = shape.envelope(listMetadata(page));
    const items = shape.ordered?.(page.items) ?? page.items;
    const empty = items.length === 0;
    yield format.listHead(envelope, shape.itemsKey, empty);
    for (const [index, object] of items.entries()) {
      const item: Uint8Array[] = [];
      shape.appendItem(item, object);
      const parts: Uint8Array[] = [];
      format.appendItem(parts, item, index === 0);
      yield* parts;
    }
    yield format.listTail(envelope, shape.itemsKey, empty);
  }
}

async function* streamed(
  ready: readonly Uint8Array[],
  rest: Generator<Uint8Array, void>,
  environment: Environment,
): AsyncGenerator<Uint8Array, void> {
  yield* ready;
  for (const piece of rest) {
    await environment.turn();
    yield piece;
  }
}
