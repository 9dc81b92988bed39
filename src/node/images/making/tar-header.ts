/** What a tar header says of one member. */
export interface TarMember {
  /** Without a leading slash. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link' | 'extension';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** Of a link. */
  readonly target: string;
}

const blockBytes = 512;

const typeFlags = { file: '0', link: '2', directory: '5', extension: 'x' } as const;

/** Every member has this time: what an image holds depends on its files only. */
const modifiedAt = 0;

/** The header blocks of a member: ustar, with an extended header (pax) before it where a name is too long for it. */
export function tarHeader(member: TarMember): Uint8Array<ArrayBufferLike> {
  const path = member.type === 'directory' ? `${member.path}/` : member.path;
  const records = [
    ...(Buffer.byteLength(path) > 100 ? [paxRecord('path', path)] : []),
    ...(Buffer.byteLength(member.target) > 100 ? [paxRecord('linkpath', member.target)] : []),
  ].join('');
  if (records === '') return block(member, path);
  const extension = Buffer.from(records);
  return Buffer.concat([
    block({ ...member, type: 'extension', target: '', mode: 0o644, sizeBytes: extension.length }, 'pax'),
    extension,
    padding(extension.length),
    block(member, path),
  ]);
}

/** What fills a member up to a whole number of blocks. */
export function padding(sizeBytes: number): Uint8Array<ArrayBufferLike> {
  return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** Two empty blocks end an archive. */
export const tarEnd: Uint8Array<ArrayBufferLike> = new Uint8Array(2 * blockBytes);

function block(member: TarMember, path: string): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(path, 0, 100);
  header.write(octal(member.mode, 7), 100);
  header.write(octal(member.uid, 7), 108);
  header.write(octal(member.gid, 7), 116);
  header.write(octal(member.sizeBytes, 11), 124);
  header.write(octal(modifiedAt, 11), 136);
  header.write('        ', 148);
  header.write(typeFlags[member.type], 156);
  header.write(member.target, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new Error(`${value} does not fit a tar header`);
  return text;
}

/** `LENGTH key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
