/** What the loader would read from an executable or library. */
export interface ElfInfo {
  /** Names of the libraries it needs: `libc.so.6`. */
  readonly needed: readonly string[];
  /** Folders that are searched first; may hold `$ORIGIN`. */
  readonly runPath: readonly string[];
  /** The program that loads it; undefined for libraries and static programs. */
  readonly interpreter: string | undefined;
}

const programTypes = { load: 1, dynamic: 2, interpreter: 3 };
const dynamicTags = { needed: 1, stringTable: 5, runPathOld: 15, runPath: 29 };

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly sizeBytes: number;
}

/** Reads a 64-bit little-endian ELF file; undefined for anything else. */
export function readElf(bytes: Uint8Array<ArrayBufferLike>): ElfInfo | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isElf = bytes.length > 64 && view.getUint32(0) === 0x7f454c46 && bytes[4] === 2 && bytes[5] === 1;
  if (!isElf) return undefined;
  const segments = readSegments(view);
  const text = (offset: number) => {
    const end = bytes.indexOf(0, offset);
    return new TextDecoder().decode(bytes.subarray(offset, end));
  };
  const interpreter = segments.find((each) => each.type === programTypes.interpreter);
  const entries = readDynamic(view, segments);
  const tableAddress = entries.find(([tag]) => tag === dynamicTags.stringTable)?.[1] ?? 0;
  const table = fileOffset(segments, tableAddress);
  const texts = (...tags: readonly number[]) =>
    entries.filter(([tag]) => tags.includes(tag)).map(([, value]) => text(table + value));
  return {
    needed: texts(dynamicTags.needed),
    runPath: texts(dynamicTags.runPath, dynamicTags.runPathOld).flatMap((each) => each.split(':')),
    interpreter: interpreter === undefined ? undefined : text(interpreter.offset),
  };
}

function readSegments(view: DataView): readonly Segment[] {
  const start = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 8, true)),
      address: Number(view.getBigUint64(at + 16, true)),
      sizeBytes: Number(view.getBigUint64(at + 32, true)),
    };
  });
}

function readDynamic(view: DataView, segments: readonly Segment[]): readonly (readonly [number, number])[] {
  const dynamic = segments.find((each) => each.type === programTypes.dynamic);
  if (dynamic === undefined) return [];
  const entries: (readonly [number, number])[] = [];
  for (let at = dynamic.offset; at + 16 <= dynamic.offset + dynamic.sizeBytes; at += 16) {
    const tag = Number(view.getBigInt64(at, true));
    if (tag === 0) break;
    entries.push([tag, Number(view.getBigUint64(at + 8, true))]);
  }
  return entries;
}

/** Where in the file the byte of an address is. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (each) => each.type === programTypes.load && address >= each.address && address < each.address + each.sizeBytes,
  );
  return segment === undefined ? address : address - segment.address + segment.offset;
}
