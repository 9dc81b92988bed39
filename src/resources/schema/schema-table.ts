import type {
  FieldSchema,
  ProtobufField,
  ScalarSchema,
  Schema,
  SchemaSource,
  StructSchema,
} from '../../machinery/schema/schema.ts';
import { schemaTableText } from './table.generated.ts';

type FieldRow = readonly [name: string, type: string, flags: string, proto: number, wire: string, extra?: FieldExtra];

interface FieldExtra {
  readonly enum?: readonly string[];
  readonly go?: string;
  readonly default?: unknown;
  readonly list?: 'set' | 'map';
  readonly keys?: readonly string[];
  readonly map?: 'atomic' | 'granular';
  readonly strategy?: string;
  readonly mergeKey?: string;
}

/** A named list gives the type of its items: `[]string`. */
type TypeRow = 'any' | 'string' | `[]${string}` | readonly [flags: string, ...fields: FieldRow[]];

const scalarTypes: Readonly<Record<string, ScalarSchema['type']>> = {
  string: 'string',
  bytes: 'bytes',
  bool: 'bool',
  int32: 'int32',
  uint32: 'int64',
  int64: 'int64',
  float32: 'double',
  float64: 'double',
  'api.resource.Quantity': 'quantity',
  'util.intstr.IntOrString': 'intOrString',
  'meta.v1.Time': 'time',
  'meta.v1.MicroTime': 'microTime',
  'meta.v1.Duration': 'duration',
};

const freeForm = new Map<string, Schema>([
  ['any', { kind: 'any' }],
  ['meta.v1.FieldsV1', { kind: 'any', name: 'meta.v1.FieldsV1' }],
  ['runtime.RawExtension', { kind: 'any', name: 'runtime.RawExtension' }],
]);
const scalars = new Map(Object.entries(scalarTypes).map(([name, type]) => [name, { kind: 'scalar', type } as const]));
const stringSchema: ScalarSchema = { kind: 'scalar', type: 'string' };
const anySchema: Schema = { kind: 'any' };
const noPatchStrategy = { merge: false, replace: false, retainKeys: false } as const;

/** The schemas of the built-in types; each is built when it is first asked for, and types may refer to themselves. */
class SchemaTable implements SchemaSource {
  readonly #rows = JSON.parse(schemaTableText) as Record<string, TypeRow>;
  readonly #structs = new Map<string, StructSchema>();
  readonly #scalars = new Map<string, ScalarSchema>();

  get(name: string): StructSchema | undefined {
    const known = this.#structs.get(name);
    if (known !== undefined) return known;
    const row = this.#rows[name];
    if (row === undefined || typeof row === 'string' || row[0] === 'u') return undefined;
    const struct = this.#struct(name, row);
    this.#structs.set(name, struct);
    return struct;
  }

  #struct(name: string, row: readonly [string, ...FieldRow[]]): StructSchema {
    return new LazyStruct(
      name,
      row[0] === 'a',
      () => this.#fields(row),
      () => this.#protobuf(row),
    );
  }

  #fields(row: readonly [string, ...FieldRow[]]): Map<string, FieldSchema> {
    const fields = new Map<string, FieldSchema>();
    for (const field of row.slice(1) as FieldRow[]) {
      if (!field[2].includes('i')) fields.set(field[0], this.#field(field));
      else
        for (const [name, inlined] of this.get(field[1])?.fields ?? [])
          fields.set(name, inlinedField(field[1], inlined));
    }
    return fields;
  }

  #protobuf(row: readonly [string, ...FieldRow[]]): Map<number, ProtobufField> {
    const fields = new Map<number, ProtobufField>();
    for (const [name, type, flags, proto, _wire, extra = {}] of row.slice(1) as FieldRow[]) {
      if (proto === 0) continue;
      fields.set(proto, {
        name: flags.includes('i') ? undefined : name,
        schema: this.#schema(type, extra),
        pointer: flags.includes('p'),
      });
    }
    return fields;
  }

  #field([name, type, flags, proto, wire, extra = {}]: FieldRow): FieldSchema {
    return {
      name,
      schema: this.#schema(type, extra),
      required: flags.includes('r'),
      omitEmpty: flags.includes('o'),
      pointer: flags.includes('p'),
      ...(flags.includes('n') && { nullable: true as const }),
      ...(flags.includes('e') && { keepsEmpty: true as const }),
      patchStrategy: extra.strategy === undefined ? noPatchStrategy : patchStrategy(extra.strategy),
      ...(extra.enum !== undefined && { enum: extra.enum }),
      ...(extra.default !== undefined && { default: extra.default }),
      ...(extra.map !== undefined && { mapType: extra.map }),
      ...(extra.mergeKey !== undefined && { patchMergeKey: extra.mergeKey }),
      ...(proto !== 0 && { proto }),
      ...(wire !== '' && { wire }),
    };
  }

  #schema(type: string, extra: FieldExtra): Schema {
    if (type.startsWith('[]')) {
      return {
        kind: 'list',
        items: this.#schema(type.slice(2), named(extra)),
        listType: extra.list ?? 'atomic',
        mapKeys: extra.keys ?? [],
      };
    }
    if (type.startsWith('map[string]')) {
      return {
        kind: 'map',
        values: this.#schema(type.slice('map[string]'.length), named(extra)),
        atomic: extra.map === 'atomic',
      };
    }
    const free = freeForm.get(type);
    if (free !== undefined) return free;
    const scalar = scalars.get(type);
    if (scalar !== undefined) return extra.go === undefined ? scalar : this.#scalar(scalar, extra.go);
    const row = this.#rows[type];
    if (typeof row === 'string') return this.#named(row);
    if (row?.[0] === 'u') return { kind: 'any', name: type, union: this.#struct(type, row) };
    const struct = this.get(type);
    if (struct === undefined) return anySchema;
    const atomic = extra.map === undefined ? struct.atomic : extra.map === 'atomic';
    return atomic === struct.atomic ? struct : withAtomicity(struct, atomic);
  }

  /** The same scalar under a name of its own. */
  #scalar(scalar: ScalarSchema, goName: string): ScalarSchema {
    const known = this.#scalars.get(goName);
    if (known !== undefined) return known;
    const schema = { ...scalar, goName };
    this.#scalars.set(goName, schema);
    return schema;
  }

  /** A type that is no struct. */
  #named(row: Extract<TypeRow, string>): Schema {
    if (row === 'string') return stringSchema;
    if (row === 'any') return anySchema;
    const items = this.#schema(row.slice(2), {});
    const list: Schema = { kind: 'list', items, listType: 'atomic', mapKeys: [] };
    // Named lists of structs are repeated in place like all others.
    return row === '[]string' ? { ...list, isMessage: true } : list;
  }
}

function inlinedField(type: string, field: FieldSchema): FieldSchema {
  const struct = type.slice(type.lastIndexOf('.') + 1);
  const inlinedFrom = field.inlinedFrom === undefined ? struct : `${struct}.${field.inlinedFrom}`;
  return { ...field, inlinedFrom };
}

/** What a field says of its items. */
function named({ go }: FieldExtra): FieldExtra {
  return go === undefined ? {} : { go };
}

/** What one field says about a struct goes before what the struct says about itself. */
function withAtomicity(declared: StructSchema, atomic: boolean): StructSchema {
  const { name, fields, protobuf } = declared;
  return { kind: 'struct', name, fields, atomic, protobuf, declared };
}

class LazyStruct implements StructSchema {
  readonly kind = 'struct';
  readonly name: string;
  readonly atomic: boolean;
  readonly #build: () => ReadonlyMap<string, FieldSchema>;
  readonly #buildProtobuf: () => ReadonlyMap<number, ProtobufField>;
  #fields: ReadonlyMap<string, FieldSchema> | undefined;
  #protobuf: ReadonlyMap<number, ProtobufField> | undefined;

  constructor(
    name: string,
    atomic: boolean,
    build: () => ReadonlyMap<string, FieldSchema>,
    buildProtobuf: () => ReadonlyMap<number, ProtobufField>,
  ) {
    this.name = name;
    this.atomic = atomic;
    this.#build = build;
    this.#buildProtobuf = buildProtobuf;
  }

  get protobuf(): ReadonlyMap<number, ProtobufField> {
    this.#protobuf ??= this.#buildProtobuf();
    return this.#protobuf;
  }

  get fields(): ReadonlyMap<string, FieldSchema> {
    this.#fields ??= this.#build();
    return this.#fields;
  }
}

function patchStrategy(text: string): FieldSchema['patchStrategy'] {
  const parts = text.split(',');
  return {
    merge: parts.includes('merge'),
    replace: parts.includes('replace'),
    retainKeys: parts.includes('retainKeys'),
  };
}

/** Schemas of every built-in type, by fact name (`core.v1.Pod`). */
export const builtInSchemas: SchemaSource = new SchemaTable();

/** The same for a type that must be there. */
export function builtInSchema(name: string): StructSchema {
  const schema = builtInSchemas.get(name);
  if (schema === undefined) throw new Error(`the schema table has no ${name}`);
  return schema;
}
