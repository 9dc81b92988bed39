import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { completeLayer, type LayerEntry } from './layer-entry.ts';
import { padding, tarEnd, tarHeader } from './tar-header.ts';

export interface Blob {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Writes an archive of blobs, each under the name of its digest, to a file that is open for writing. */
export class BlobArchive {
  readonly #file: FileHandle;
  #offset = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(path: string, content: Uint8Array<ArrayBufferLike>): Promise<void> {
    await this.#write(tarHeader(member(path, content.length)));
    await this.#write(content);
    await this.#write(padding(content.length));
  }

  async addBlob(content: Uint8Array<ArrayBufferLike>): Promise<Blob> {
    const digest = createHash('sha256').update(content).digest('hex');
    await this.add(`blobs/sha256/${digest}`, content);
    return { digest: `sha256:${digest}`, sizeBytes: content.length };
  }

  /** A layer's name and size are known when it has been written: its header is filled in afterwards. */
  async addLayer(entries: readonly LayerEntry[]): Promise<Blob> {
    const start = this.#offset;
    this.#offset += tarHeader(member(`blobs/sha256/${'0'.repeat(64)}`, 0)).length;
    const content = this.#offset;
    const hash = createHash('sha256');
    for (const entry of completeLayer(entries)) await this.#addEntry(entry, hash);
    await this.#write(tarEnd, hash);
    const sizeBytes = this.#offset - content;
    const digest = hash.digest('hex');
    await this.#write(padding(sizeBytes));
    await this.#file.write(tarHeader(member(`blobs/sha256/${digest}`, sizeBytes)), 0, undefined, start);
    return { digest: `sha256:${digest}`, sizeBytes };
  }

  async end(): Promise<void> {
    await this.#write(tarEnd);
  }

  async #addEntry(entry: LayerEntry, hash: Hash): Promise<void> {
    const header = (sizeBytes: number) =>
      tarHeader({
        path: entry.path.slice(1),
        type: entry.type,
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        sizeBytes,
        target: entry.type === 'link' ? entry.target : '',
      });
    if (entry.type !== 'file') {
      await this.#write(header(0), hash);
    } else if (entry.content instanceof Uint8Array) {
      await this.#write(header(entry.content.length), hash);
      await this.#write(entry.content, hash);
      await this.#write(padding(entry.content.length), hash);
    } else {
      await this.#copy(entry.content.source, header, hash);
    }
  }

  async #copy(source: string, header: (sizeBytes: number) => Uint8Array<ArrayBufferLike>, hash: Hash): Promise<void> {
    const file = await open(source, 'r');
    try {
      const { size } = await file.stat();
      await this.#write(header(size), hash);
      const buffer = Buffer.allocUnsafe(1 << 20);
      let copied = 0;
      while (copied < size) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - copied), copied);
        if (bytesRead === 0) throw new Error(`${source} became shorter while it was read`);
        await this.#write(buffer.subarray(0, bytesRead), hash);
        copied += bytesRead;
      }
      await this.#write(padding(size), hash);
    } finally {
      await file.close();
    }
  }

  async #write(data: Uint8Array<ArrayBufferLike>, hash?: Hash): Promise<void> {
    hash?.update(data);
    let written = 0;
    while (written < data.length) {
      const { bytesWritten } = await this.#file.write(data, written, data.length - written, this.#offset + written);
      written += bytesWritten;
    }
    this.#offset += data.length;
  }
}

function member(path: string, sizeBytes: number) {
  return { path, type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes, target: '' } as const;
}
