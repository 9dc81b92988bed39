/** Bodies up to this size go out in one piece, longer ones in pieces of it. */
const pieceBytes = 256 * 1024;

/** The parts of a body put together to pieces that are worth sending. */
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
  if (piece.length > 0) yield concat(piece);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  let length = 0;
  for (const part of parts) length += part.length;
  const result = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
