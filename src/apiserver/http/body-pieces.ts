import { concat } from './text-formats.ts';

/** Bodies up to this size go out in one piece, longer ones in pieces of it. */
const pieceBytes = 256 * 1024;

/** The parts of a body put together to pieces that are worth sending; one at least. */
export function* bodyPieces(parts: Iterable<Uint8Array>): Generator<Uint8Array, void> {
  let piece: Uint8Array[] = [];
  let size = 0;
  for (const part of parts) {
    piece.push(part);
    size += part.length;
    if (size < pieceBytes) continue;
    yield concat(piece);
    piece = [];
    size = 0;
  }
  yield concat(piece);
}
