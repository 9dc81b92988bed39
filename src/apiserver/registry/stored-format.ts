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
  /** Where the inside of metadata begins. */
  readonly metadataOffset: number;

  /** `keyPrefix`: as etcd holds it, with a slash at the end: `/registry/pods/`. */
  constructor(type: ResourceType, keyPrefix: string) {
    this.type = type;
    this.keyPrefix = keyPrefix;
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

  /** The bytes as a client gets them. Revision 0 is that of an object which was never stored, and is left out. */
  withRevision(bytes: Uint8Array<ArrayBufferLike>, revision: number): Uint8Array<ArrayBufferLike> {
    if (revision === 0) return bytes;
    const inserted = revisionText(bytes, this.metadataOffset, revision);
    const result = new Uint8Array(bytes.length + inserted.length);
    result.set(bytes.subarray(0, this.metadataOffset));
    result.set(inserted, this.metadataOffset);
    result.set(bytes.subarray(this.metadataOffset), this.metadataOffset + inserted.length);
    return result;
  }

  /** Appends the object as an item of a list: with its revision, without kind and apiVersion. */
  appendItem(parts: Uint8Array<ArrayBufferLike>[], bytes: Uint8Array<ArrayBufferLike>, revision: number): void {
    parts.push(openMetadata, revisionText(bytes, this.metadataOffset, revision), bytes.subarray(this.metadataOffset));
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const openMetadata = encoder.encode('{"metadata":{');
const closingBrace = 0x7d;

function revisionText(bytes: Uint8Array<ArrayBufferLike>, at: number, revision: number): Uint8Array<ArrayBuffer> {
  return encoder.encode(`"resourceVersion":"${revision}"${bytes[at] === closingBrace ? '' : ','}`);
}
