/**
 * The shape of API types at run time. Built-in kinds get theirs from the generated table
 * (`resources/schema/table.generated.ts`), CRDs from their OpenAPI schema. Structure checks, normalisation, strategic
 * merge, server-side apply, OpenAPI and protobuf all read this one form.
 */
export type Schema = StructSchema | MapSchema | ListSchema | ScalarSchema | AnySchema;

export interface StructSchema {
  readonly kind: 'struct';
  /** `core.v1.PodSpec`. */
  readonly name: string;
  /** By JSON name; inlined structs are already spread out. */
  readonly fields: ReadonlyMap<string, FieldSchema>;
  /** Apply treats the whole struct as one value. */
  readonly atomic: boolean;
  /** The struct as it is elsewhere, when a field says otherwise than the type whether it is atomic. */
  readonly declared?: StructSchema;
  /** The type on the protobuf wire, by field number; absent where it has no such form. */
  readonly protobuf?: ReadonlyMap<number, ProtobufField> | undefined;
}

/** One field of a message. An inlined struct is a message of its own there, under one number and without a name. */
export interface ProtobufField {
  /** The JSON name; undefined: the members of this message belong to the struct itself. */
  readonly name: string | undefined;
  readonly schema: Schema;
  /** Left out when it is nil; what is no pointer is written when it is zero, too. */
  readonly pointer: boolean;
}

export interface MapSchema {
  readonly kind: 'map';
  readonly values: Schema;
  readonly atomic: boolean;
}

export interface ListSchema {
  readonly kind: 'list';
  readonly items: Schema;
  /** How server-side apply merges it (KEP-555); lists that say nothing are atomic. */
  readonly listType: 'atomic' | 'set' | 'map';
  readonly mapKeys: readonly string[];
  /** A list that is a type of its own (`ExtraValue`): on the protobuf wire a message that repeats its items as field 1. */
  readonly isMessage?: true;
}

export interface ScalarSchema {
  readonly kind: 'scalar';
  readonly type:
    | 'string'
    | 'bool'
    | 'int32'
    | 'int64'
    | 'double'
    | 'bytes'
    | 'time'
    | 'microTime'
    | 'duration'
    | 'quantity'
    | 'intOrString';
  /** `v1.PullPolicy`, where Go has a name for it. */
  readonly goName?: string;
}

/** Free-form JSON. */
export interface AnySchema {
  readonly kind: 'any';
  /** `meta.v1.FieldsV1`, `runtime.RawExtension`; absent for JSON that has no type of its own. */
  readonly name?: string;
  /** A type that JSON has as one of its members alone (`JSONSchemaPropsOrBool`), as it is on the protobuf wire. */
  readonly union?: StructSchema;
}

export interface FieldSchema {
  readonly name: string;
  /** `ProbeHandler`: the struct that is inlined and brings the field, as messages about its value name it; `A.B` for one within another. */
  readonly inlinedFrom?: string;
  readonly schema: Schema;
  readonly required: boolean;
  /** Left out of JSON when it holds its zero value (a struct that is not a pointer is written all the same). */
  readonly omitEmpty: boolean;
  /** nil differs from the zero value. */
  readonly pointer: boolean;
  /** A list that is null in JSON when it is nil, and that is nil when it has been stored without items. */
  readonly nullable?: true;
  /** A list that says something else without items than when it is absent; decoding does not drop it. */
  readonly keepsEmpty?: true;
  readonly enum?: readonly string[];
  /** A default that the OpenAPI document states; most defaults are set by the kind's definition. */
  readonly default?: unknown;
  /** Strategic merge: for lists `merge` (by `patchMergeKey`, or as a set of scalars) or `replace`; `retainKeys` for unions. */
  readonly patchStrategy: { readonly merge: boolean; readonly replace: boolean; readonly retainKeys: boolean };
  readonly patchMergeKey?: string;
  /** What the field itself says of its map or struct; goes before what the type says. */
  readonly mapType?: 'atomic' | 'granular';
  /** Protobuf field number; absent where the type has no protobuf form. */
  readonly proto?: number;
  /** Protobuf wire kind: `bytes`, `varint`, `fixed64`, ... */
  readonly wire?: string;
}

/** Looks types up by their fact name (`core.v1.Pod`). */
export interface SchemaSource {
  get(name: string): StructSchema | undefined;
}
