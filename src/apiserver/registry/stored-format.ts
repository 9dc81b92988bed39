import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf, type ResourceType } from '../../machinery/resource-type.ts';

/**
 * Stored format 1: UTF-8 JSON without white space, `{"kind":K,"apiVersion":V,"metadata":{...},...}`. `kind`, `apiVersion` and
 * `metadata` come first and in this order, so that the inside of metadata begins at an offset that only depends on the kind.
 * There the revision is spliced in as `resourceVersion` when the object is read: it is known only after the commit, so stored
 * bytes carry none. `managedFields` is the last key of metadata, so that it can be cut out without being parsed.
 */
export class StoredFormat {
  readonly type: ResourceType;
  readonly keyPrefix: string;
  /** Parsed objects are frozen, so that whoever changes a shared one is found out. For tests: it costs as much as parsing. */
  readonly freezes: boolean;
  /** Where the inside of metadata begins. */
  readonly metadataOffset: number;

  /** `keyPrefix`: as etcd holds it, with a slash at the end: `/registry/pods/`. */
  constructor(type: ResourceType, keyPrefix: string, freezes = false) {
    this.type = type;
    this.keyPrefix = keyPrefix;
    this.freezes = freezes;
    const kind = JSON.stringify(type.kind);
    const apiVersion = JSON.stringify(apiVersionOf(type));
    this.metadataOffset = encoder.encode(`{"kind":${kind},"apiVersion":${apiVersion},"metadata":{`).length;
  }

  key(namespace: string, name: string): string {
    return this.type.namespaced ? `${this.keyPrefix}${namespace}/${name}` : this.keyPrefix + name;
  }

  /** What the keys of one namespace begin with; of all for an empty one. */
  prefix(namespace: string): string {
    return this.type.namespaced && namespace !== '' ? `${this.keyPrefix}${namespace}/` : this.keyPrefix;
  }

  /** Empty for kinds without namespaces. */
  namespaceOf(key: string): string {
    return this.type.namespaced ? key.slice(this.keyPrefix.length, key.indexOf('/', this.keyPrefix.length)) : '';
  }

  nameOf(key: string): string {
    return key.slice(key.lastIndexOf('/') + 1);
  }

  /** Kind and apiVersion are those of this format, whatever the object says. */
  encode(object: KubeObject): Uint8Array<ArrayBuffer> {
    const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
    const { resourceVersion: _resourceVersion, managedFields, ...meta } = metadata;
    return encoder.encode(
      JSON.stringify({
        kind: this.type.kind,
        apiVersion: apiVersionOf(this.type),
        metadata: managedFields === undefined || managedFields.length === 0 ? meta : { ...meta, managedFields },
        ...rest,
      }),
    );
  }

  decode(bytes: Uint8Array<ArrayBufferLike>, revision: number): KubeObject {
    const object = JSON.parse(decoder.decode(bytes)) as KubeObject & {
      readonly metadata: { resourceVersion?: string };
    };
    if (revision > 0) object.metadata.resourceVersion = String(revision);
    return object;
  }

  /**
   * The bytes as a client gets them, between `before` and `after`. Revision 0 is that of an object which was never stored, and is
   * left out.
   */
  withRevision(
    bytes: Uint8Array<ArrayBufferLike>,
    revision: number,
    before: Uint8Array = nothing,
    after: Uint8Array = nothing,
  ): Uint8Array<ArrayBufferLike> {
    const inserted = revisionText(bytes, this.metadataOffset, revision);
    const result = new Uint8Array(before.length + bytes.length + inserted.length + after.length);
    let at = 0;
    const pieces = [
      before,
      bytes.subarray(0, this.metadataOffset),
      inserted,
      bytes.subarray(this.metadataOffset),
      after,
    ];
    for (const piece of pieces) {
      result.set(piece, at);
      at += piece.length;
    }
    return result;
  }

  /** Appends the object as an item of a list: with its revision, without kind and apiVersion. */
  appendItem(parts: Uint8Array[], bytes: Uint8Array<ArrayBufferLike>, revision: number): void {
    parts.push(openMetadata, revisionText(bytes, this.metadataOffset, revision), bytes.subarray(this.metadataOffset));
  }

  /** Appends what stands inside the braces of metadata, with the revision. `end` is where metadata ends in the bytes. */
  appendMetadata(parts: Uint8Array[], bytes: Uint8Array<ArrayBufferLike>, revision: number, end: number): void {
    parts.push(revisionText(bytes, this.metadataOffset, revision), bytes.subarray(this.metadataOffset, end));
  }

  /** Where the closing brace of metadata is. */
  metadataEnd(bytes: Uint8Array<ArrayBufferLike>): number {
    let depth = 1;
    for (let at = this.metadataOffset; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === quoteMark) at = stringEnd(bytes, at);
      else if (byte === openBrace || byte === openBracket) depth++;
      else if (byte === closeBrace || byte === closeBracket) {
        depth--;
        if (depth === 0) return at;
      }
    }
    throw new Error(`the stored bytes of a ${this.type.kind} end inside metadata`);
  }
}

const nothing = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const openMetadata = encoder.encode('{"metadata":{');
const quoteMark = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function revisionText(bytes: Uint8Array<ArrayBufferLike>, at: number, revision: number): Uint8Array<ArrayBuffer> {
  if (revision === 0) return nothing;
  return encoder.encode(`"resourceVersion":"${revision}"${bytes[at] === closeBrace ? '' : ','}`);
}

/** The index of the quotation mark that ends the string which begins at `start`. */
function stringEnd(bytes: Uint8Array<ArrayBufferLike>, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === backslash) at++;
    else if (byte === quoteMark) return at;
  }
  return bytes.length;
}
