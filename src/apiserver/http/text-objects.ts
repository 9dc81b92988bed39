import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpBody } from '../../wire/http.ts';
import type { ListPage } from '../registry/read.ts';
import type { ListMetadata, Shape } from './shapes.ts';
import { concat, type TextFormat } from './text-formats.ts';

/** Lists up to this size go out in one piece, longer ones in pieces of it. */
const pieceBytes = 256 * 1024;

function listMetadata(page: ListPage): ListMetadata {
  return {
    resourceVersion: String(page.revision),
    ...(page.continue !== '' && { continue: page.continue }),
    ...(page.remainingItemCount !== undefined && { remainingItemCount: page.remainingItemCount }),
  };
}

/** The bytes of a list. A long one is made while it is being sent, and lets others in between. */
export function listBody(page: ListPage, shape: Shape, format: TextFormat, environment: Environment): HttpBody {
  const pieces = listPieces(page, shape, format);
  const first = pieces.next();
  if (first.done === true) return new Uint8Array(0);
  const second = pieces.next();
  if (second.done === true) return first.value;
  return streamed([first.value, second.value], pieces, environment);
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

function* listPieces(page: ListPage, shape: Shape, format: TextFormat): Generator<Uint8Array, void> {
  const envelope = shape.envelope(listMetadata(page));
  const empty = page.items.length === 0;
  let parts: Uint8Array[] = [format.listHead(envelope, shape.itemsKey, empty)];
  let size = 0;
  for (const [index, object] of page.items.entries()) {
    const item: Uint8Array[] = [];
    shape.appendItem(item, object);
    const before = parts.length;
    format.appendItem(parts, item, index === 0);
    for (let at = before; at < parts.length; at++) size += parts[at]?.length ?? 0;
    if (size < pieceBytes) continue;
    yield concat(parts);
    parts = [];
    size = 0;
  }
  parts.push(format.listTail(envelope, shape.itemsKey, empty));
  yield concat(parts);
}
