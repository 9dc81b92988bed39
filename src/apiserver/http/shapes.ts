import type { KubeObject } from '../../machinery/object.ts';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import { normalise } from '../../machinery/schema/normalise.ts';
import type { Column, ResourceDefinition } from '../../resources/definition.ts';
import type { TypeClaim } from '../protobuf/envelope.ts';
import { storedMessage, storedMetadata } from '../protobuf/stored-messages.ts';
import type { ListPage } from '../registry/read.ts';
import { StoredObject } from '../registry/stored-object.ts';

/** What a list says of itself. */
interface ListMetadata {
  /** Absent: it was worked out for the answer. */
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export function listMetadata(page: ListPage): ListMetadata {
  return {
    ...(page.revision > 0 && { resourceVersion: String(page.revision) }),
    ...(page.continue !== '' && { continue: page.continue }),
    ...(page.remainingItemCount !== undefined && { remainingItemCount: page.remainingItemCount }),
  };
}

/** A list without its items, or the object of a bookmark. */
interface Envelope<M extends object> extends TypeClaim {
  readonly metadata: M;
  readonly [other: string]: unknown;
}

/** What of an object a client wants to see: all of it, its metadata, or a row of a table. As compact JSON. */
export interface Shape {
  /** Appends one object as it stands alone; `first`: nothing has been sent on this watch yet. */
  appendObject(parts: Uint8Array[], object: StoredObject, first: boolean): void;
  /** Appends one object as an item of a list. */
  appendItem(parts: Uint8Array[], object: StoredObject): void;
  /** The items of a list in another order than that in which they are kept. */
  ordered?(items: readonly StoredObject[]): readonly StoredObject[];
  /** The object of a bookmark. */
  bookmark(metadata: object): Envelope<object>;
  /** A list without its items. */
  envelope(metadata: ListMetadata): Envelope<ListMetadata>;
  readonly itemsKey: 'items' | 'rows';
  /** Names the shape among those of one kind; undefined: what it gives is not the same for everyone. */
  readonly sharedAs: string | undefined;
}

/** A shape that protobuf has as well; tables have none. */
export interface MessageShape extends Shape {
  readonly sharedAs: string;
  typeOf(object: StoredObject): TypeClaim;
  message(object: StoredObject): Uint8Array;
}

export function isMessageShape(shape: Shape): shape is MessageShape {
  return 'message' in shape;
}

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const metaVersion = 'meta.k8s.io/v1';
const closeBrace = bytes('}');
const openPartial = bytes(`{"kind":"PartialObjectMetadata","apiVersion":"${metaVersion}","metadata":{`);
const closePartial = bytes('}}');

/** Objects as they are. */
export class WholeShape implements MessageShape {
  readonly itemsKey = 'items';
  readonly sharedAs: string;
  readonly #definition: ResourceDefinition;

  constructor(definition: ResourceDefinition) {
    this.#definition = definition;
    this.sharedAs = apiVersionOf(definition.type);
  }

  appendObject(parts: Uint8Array[], object: StoredObject): void {
    parts.push(object.json());
  }

  appendItem(parts: Uint8Array[], object: StoredObject): void {
    object.appendItem(parts);
  }

  /** An object may be of another kind than what it belongs to: a Scale. */
  typeOf({ format }: StoredObject): TypeClaim {
    return { apiVersion: apiVersionOf(format.type), kind: format.type.kind };
  }

  message(object: StoredObject): Uint8Array {
    return storedMessage(object);
  }

  bookmark<M extends object>(metadata: M): Envelope<M> {
    const { type } = this.#definition;
    return { kind: type.kind, apiVersion: apiVersionOf(type), metadata };
  }

  envelope(metadata: ListMetadata): Envelope<ListMetadata> {
    const { type, names } = this.#definition;
    return { kind: names.listKind, apiVersion: apiVersionOf(type), metadata };
  }
}

/** Objects of which only metadata is shown. */
class PartialShape implements MessageShape {
  readonly itemsKey = 'items';
  readonly sharedAs = 'partial';
  readonly #fieldAnnotation: string | undefined;
  readonly #shown = new WeakMap<StoredObject, StoredObject>();

  constructor({ fieldAnnotation }: Pick<ResourceDefinition, 'fieldAnnotation'>) {
    this.#fieldAnnotation = fieldAnnotation;
  }

  appendObject(parts: Uint8Array[], object: StoredObject): void {
    parts.push(openPartial);
    this.#of(object).appendMetadata(parts);
    parts.push(closePartial);
  }

  appendItem(parts: Uint8Array[], object: StoredObject): void {
    this.appendObject(parts, object);
  }

  typeOf(): TypeClaim {
    return { kind: 'PartialObjectMetadata', apiVersion: metaVersion };
  }

  message(object: StoredObject): Uint8Array {
    return storedMetadata(this.#of(object));
  }

  /** The object without the annotation that stands for a field. */
  #of(object: StoredObject): StoredObject {
    if (this.#fieldAnnotation === undefined) return object;
    let shown = this.#shown.get(object);
    if (shown === undefined) {
      const { metadata, ...rest } = object.glance();
      const { [this.#fieldAnnotation]: _, ...others } = metadata.annotations ?? {};
      const { annotations: __, ...bare } = metadata;
      const annotations = Object.keys(others).length > 0 ? { annotations: others } : {};
      const bytes = object.format.encode({ ...rest, metadata: { ...bare, ...annotations } });
      shown = new StoredObject(object.format, object.key, bytes, object.revision);
      this.#shown.set(object, shown);
    }
    return shown;
  }

  bookmark<M extends object>(metadata: M): Envelope<M> {
    return { ...this.typeOf(), metadata };
  }

  envelope(metadata: ListMetadata): Envelope<ListMetadata> {
    return { kind: 'PartialObjectMetadataList', apiVersion: metaVersion, metadata };
  }
}

const partialShapes = new WeakMap<ResourceDefinition, PartialShape>();

/** The one of a kind, so that what it works out is worked out once. */
export function partialShape(definition: ResourceDefinition): PartialShape {
  let shape = partialShapes.get(definition);
  if (shape === undefined) {
    shape = new PartialShape(definition);
    partialShapes.set(definition, shape);
  }
  return shape;
}

/** What a row carries of its object besides the cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Objects as rows of a table, as `kubectl get` prints them. Ages are told as of now, so rows are not shared. */
export class TableShape implements Shape {
  readonly itemsKey = 'rows';
  readonly sharedAs = undefined;
  readonly #definition: ResourceDefinition;
  readonly #includeObject: IncludeObject;
  readonly #now: () => number;
  readonly #partial: PartialShape;

  constructor(definition: ResourceDefinition, includeObject: IncludeObject, now: () => number) {
    this.#definition = definition;
    this.#partial = partialShape(definition);
    this.#includeObject = includeObject;
    this.#now = now;
  }

  appendObject(parts: Uint8Array[], object: StoredObject, first: boolean): void {
    const { resourceVersion } = object.object.metadata;
    const envelope = { ...this.#head({ resourceVersion }), columnDefinitions: first ? this.#columns() : null };
    parts.push(bytes(`${JSON.stringify(envelope).slice(0, -1)},"rows":[`));
    this.appendItem(parts, object);
    parts.push(bytes(']}'));
  }

  appendItem(parts: Uint8Array[], object: StoredObject): void {
    const cells = this.#definition.row(object.object, this.#now());
    parts.push(bytes(`{"cells":${JSON.stringify(cells)},"object":`));
    if (this.#includeObject === 'None') parts.push(bytes('null'));
    else if (this.#includeObject === 'Object') parts.push(object.json());
    else this.#partial.appendObject(parts, object);
    parts.push(closeBrace);
  }

  ordered(items: readonly StoredObject[]): readonly StoredObject[] {
    const { rowOrder } = this.#definition;
    return rowOrder === undefined ? items : items.toSorted((one, other) => rowOrder(one.object, other.object));
  }

  /** An empty row, as Kubernetes makes one of the empty object that carries the bookmark. */
  bookmark(metadata: { readonly resourceVersion?: string }): Envelope<object> {
    const empty = normalise(this.#definition.schema, {}).value as unknown as KubeObject;
    const cells = this.#definition.row({ ...empty, metadata }, this.#now());
    return {
      ...this.#head({ resourceVersion: metadata.resourceVersion }),
      columnDefinitions: null,
      rows: [{ cells, object: this.#includeObject === 'None' ? null : this.#partial.bookmark(metadata) }],
    };
  }

  envelope(metadata: ListMetadata): Envelope<ListMetadata> {
    return { ...this.#head(metadata), columnDefinitions: this.#columns() };
  }

  #head<M extends object>(metadata: M): Envelope<M> {
    return { kind: 'Table', apiVersion: metaVersion, metadata };
  }

  #columns(): readonly Column[] {
    return this.#definition.columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    }));
  }
}
