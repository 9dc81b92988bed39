import type { KubeObject } from '../../machinery/object.ts';
import type { StoredFormat } from './stored-format.ts';

/** One version of one object: its stored bytes, and its parsed form while somebody needs that. */
export class StoredObject {
  readonly key: string;
  readonly format: StoredFormat;
  readonly bytes: Uint8Array<ArrayBufferLike>;
  /** 0 while it is not stored: the answer of a dry run. */
  readonly revision: number;
  #object: KubeObject | undefined;
  #used = false;
  #metadataEnd = 0;

  constructor(
    format: StoredFormat,
    key: string,
    bytes: Uint8Array<ArrayBufferLike>,
    revision: number,
    object?: KubeObject,
  ) {
    this.format = format;
    this.key = key;
    this.bytes = bytes;
    this.revision = revision;
    this.#object = object;
  }

  /** The parsed object, `resourceVersion` in it; shared by all who ask, so never changed in place. */
  get object(): KubeObject {
    this.#used = true;
    this.#object ??= this.format.decode(this.bytes, this.revision);
    if (this.format.freezes) deepFreeze(this.#object);
    return this.#object;
  }

  /** The parsed object for one look: it is not kept on that account. */
  glance(): KubeObject {
    return this.#object ?? this.format.decode(this.bytes, this.revision);
  }

  /** The same state under another revision: how the last state of a deleted object is told. */
  at(revision: number): StoredObject {
    const known = this.#object;
    const metadata = { ...known?.metadata, resourceVersion: String(revision) };
    const object = known && { ...known, metadata };
    return new StoredObject(this.format, this.key, this.bytes, revision, object);
  }

  /** JSON as a client gets it, between two other pieces. */
  json(before?: Uint8Array, after?: Uint8Array): Uint8Array<ArrayBufferLike> {
    return this.format.withRevision(this.bytes, this.revision, before, after);
  }

  /** Appends JSON without kind and apiVersion, as lists have it. */
  appendItem(parts: Uint8Array[]): void {
    this.format.appendItem(parts, this.bytes, this.revision);
  }

  /** Appends what stands inside the braces of metadata. */
  appendMetadata(parts: Uint8Array[]): void {
    if (this.#metadataEnd === 0) this.#metadataEnd = this.format.metadataEnd(this.bytes);
    this.format.appendMetadata(parts, this.bytes, this.revision, this.#metadataEnd);
  }

  /** Forgets the parsed form unless it was used since the last call. */
  dropUnused(): void {
    if (!this.#used) this.#object = undefined;
    this.#used = false;
  }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
