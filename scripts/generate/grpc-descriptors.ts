import { create } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  ServiceDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

/** A row of `facts/grpc.json`. */
export type GrpcFact = MessageFact | EnumFact | ServiceFact;

interface MessageFact {
  readonly message: string;
  readonly fields: readonly GrpcFieldFact[] | null;
}

interface GrpcFieldFact {
  readonly name: string;
  readonly number: number;
  /** `string`, `map<string,bytes>`, `runtime.v1.Mount`, ... */
  readonly type: string;
  readonly repeated?: boolean;
  readonly oneof?: string;
}

interface EnumFact {
  readonly enum: string;
  readonly values: Readonly<Record<string, number>>;
}

interface ServiceFact {
  readonly service: string;
  readonly methods: readonly {
    readonly name: string;
    readonly request: string;
    readonly response: string;
    readonly clientStreams: boolean;
    readonly serverStreams: boolean;
  }[];
}

/** A proto file that is put together from all rows of its package, or from those named. */
export interface ProtoFile {
  readonly name: string;
  readonly package: string;
  readonly dependencies: readonly string[];
  /** Names within the package; all of it when left out. */
  readonly only?: readonly string[];
}

const scalars: Readonly<Record<string, Type>> = {
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
  int32: Type.INT32,
  int64: Type.INT64,
  uint32: Type.UINT32,
  uint64: Type.UINT64,
  double: Type.DOUBLE,
};

/** The descriptor that a protobuf compiler would make of a file with these rows. */
export function fileDescriptor(facts: readonly GrpcFact[], file: ProtoFile): FileDescriptorProto {
  const enums = new Set(facts.flatMap((fact) => ('enum' in fact ? [fact.enum] : [])));
  const tops = facts.flatMap((fact) => {
    const path = pathIn(file.package, nameOf(fact));
    return path?.length === 1 && (file.only?.includes(path[0] ?? '') ?? true) ? [fact] : [];
  });
  return create(FileDescriptorProtoSchema, {
    name: file.name,
    package: file.package,
    dependency: [...file.dependencies],
    syntax: 'proto3',
    messageType: tops.flatMap((fact) => ('message' in fact ? [message(facts, enums, fact)] : [])),
    enumType: tops.flatMap((fact) => ('enum' in fact ? [enumeration(fact)] : [])),
    service: tops.flatMap((fact) => ('service' in fact ? [service(fact)] : [])),
  });
}

function nameOf(fact: GrpcFact): string {
  return 'message' in fact ? fact.message : 'enum' in fact ? fact.enum : fact.service;
}

/** The parts of a name below an outer one: `['Mount']`, `['SecurityProfile', 'ProfileType']`. */
function pathIn(outer: string, name: string): readonly string[] | undefined {
  return name.startsWith(`${outer}.`) ? name.slice(outer.length + 1).split('.') : undefined;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function message(facts: readonly GrpcFact[], enums: ReadonlySet<string>, fact: MessageFact): DescriptorProto {
  const inside = facts.filter((each) => pathIn(fact.message, nameOf(each))?.length === 1);
  const fields = fact.fields ?? [];
  const oneofs = [...new Set(fields.flatMap((field) => (field.oneof === undefined ? [] : [field.oneof])))];
  return create(DescriptorProtoSchema, {
    name: lastPart(fact.message),
    field: fields.map((each) => field(enums, fact.message, oneofs, each)),
    nestedType: [
      ...inside.flatMap((each) => ('message' in each ? [message(facts, enums, each)] : [])),
      ...fields.flatMap((each) => mapEntry(enums, each)),
    ],
    enumType: inside.flatMap((each) => ('enum' in each ? [enumeration(each)] : [])),
    oneofDecl: oneofs.map((name) => ({ name })),
  });
}

function field(
  enums: ReadonlySet<string>,
  owner: string,
  oneofs: readonly string[],
  fact: GrpcFieldFact,
): FieldDescriptorProto {
  const common = { name: fact.name, number: fact.number, jsonName: jsonName(fact.name) };
  if (fact.type.startsWith('map<')) {
    return create(FieldDescriptorProtoSchema, {
      ...common,
      label: Label.REPEATED,
      type: Type.MESSAGE,
      typeName: `.${owner}.${mapEntryName(fact.name)}`,
    });
  }
  return create(FieldDescriptorProtoSchema, {
    ...common,
    label: fact.repeated === true ? Label.REPEATED : Label.OPTIONAL,
    ...typeOf(enums, fact.type),
    ...(fact.oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(fact.oneof) }),
  });
}

function typeOf(enums: ReadonlySet<string>, type: string): { readonly type: Type; readonly typeName?: string } {
  const scalar = scalars[type];
  if (scalar !== undefined) return { type: scalar };
  return { type: enums.has(type) ? Type.ENUM : Type.MESSAGE, typeName: `.${type}` };
}

/** A map is, on the wire and in descriptors, a repeated message of key = 1 and value = 2. */
function mapEntry(enums: ReadonlySet<string>, fact: GrpcFieldFact): readonly DescriptorProto[] {
  const match = /^map<(\w+),(.+)>$/.exec(fact.type);
  if (match === null) return [];
  const [, key = '', value = ''] = match;
  const part = (name: string, number: number, type: string) => ({
    name,
    number,
    jsonName: name,
    label: Label.OPTIONAL,
    ...typeOf(enums, type),
  });
  return [
    create(DescriptorProtoSchema, {
      name: mapEntryName(fact.name),
      field: [part('key', 1, key), part('value', 2, value)],
      options: { mapEntry: true },
    }),
  ];
}

/** `repo_tags` gives `RepoTagsEntry`. */
function mapEntryName(fieldName: string): string {
  return `${fieldName
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')}Entry`;
}

function jsonName(name: string): string {
  return name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function enumeration(fact: EnumFact): EnumDescriptorProto {
  const values = Object.entries(fact.values).sort(([, a], [, b]) => a - b);
  return create(EnumDescriptorProtoSchema, {
    name: lastPart(fact.enum),
    value: values.map(([name, number]) => ({ name, number })),
  });
}

function service(fact: ServiceFact) {
  return create(ServiceDescriptorProtoSchema, {
    name: lastPart(fact.service),
    method: fact.methods.map((method) => ({
      name: method.name,
      inputType: `.${method.request}`,
      outputType: `.${method.response}`,
      clientStreaming: method.clientStreams,
      serverStreaming: method.serverStreams,
    })),
  });
}
