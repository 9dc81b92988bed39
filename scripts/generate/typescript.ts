import { type FieldFact, isNullable, itemType, type TypeFact } from './facts.ts';

const header = '// Generated from facts/types.json by `node scripts/generate/main.ts`; do not edit.\n';

/** Fact types that are written as one TypeScript type of JSON. */
const scalars: Readonly<Record<string, string>> = {
  string: 'string',
  bytes: 'string',
  bool: 'boolean',
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  float32: 'number',
  float64: 'number',
  any: 'unknown',
  'api.resource.Quantity': 'string | number',
  'util.intstr.IntOrString': 'string | number',
  'meta.v1.Time': 'string',
  'meta.v1.MicroTime': 'string',
  'meta.v1.Duration': 'string',
  'meta.v1.Verbs': 'readonly string[]',
  'meta.v1.FieldsV1': 'unknown',
  'runtime.RawExtension': 'unknown',
};

/** One file of types for each group and version: `core.v1` becomes `core-v1.generated.ts`. */
export function typeFiles(types: ReadonlyMap<string, TypeFact>): ReadonlyMap<string, string> {
  const files = new Map<string, TypeFact[]>();
  for (const type of types.values()) {
    if (type.name in scalars) continue;
    const module = moduleOf(type.name);
    files.set(module, [...(files.get(module) ?? []), type]);
  }
  return new Map(
    [...files].map(([module, members]) => [`${fileOf(module)}.generated.ts`, typeFile(module, members, types)]),
  );
}

function typeFile(module: string, members: readonly TypeFact[], types: ReadonlyMap<string, TypeFact>): string {
  const imports = new Set<string>();
  const body = members.map((type) => declaration(type, module, types, imports)).join('\n');
  const kinds = members.filter((type) => type.gvks !== undefined).map((type) => shortName(type.name));
  const drafts = kinds.map((kind) => `export type ${kind}Draft = Draft<${kind}>;\n`).join('');
  const importLines = [
    ...(kinds.length > 0 ? ["import type { Draft } from '../../machinery/object.ts';\n"] : []),
    ...[...imports].sort().map((other) => `import type * as ${alias(other)} from './${fileOf(other)}.generated.ts';\n`),
  ].join('');
  return `${header}${importLines}\n${body}${drafts === '' ? '' : `\n${drafts}`}`;
}

function declaration(
  type: TypeFact,
  module: string,
  types: ReadonlyMap<string, TypeFact>,
  imports: Set<string>,
): string {
  const name = shortName(type.name);
  if (type.scalar === 'array')
    return `export type ${name} = ${typeScriptOf(`[]${itemType(type)}`, module, types, imports)};\n`;
  if (type.scalar !== undefined) return `export type ${name} = unknown;\n`;
  const lines = spread(type, types).map((field) => {
    const optional = isOptional(field, type);
    const value = typeScriptOf(field.type, module, types, imports);
    const typeScript = isNullable(type, field) ? `${value} | null` : value;
    return `  readonly ${quote(field.name)}${optional ? '?' : ''}: ${typeScript}${optional && typeScript !== 'unknown' ? ' | undefined' : ''};\n`;
  });
  return `export interface ${name} {\n${lines.join('')}}\n`;
}

/** A kind's `metadata` is always there; the rest may be missing unless it is required. */
function isOptional(field: FieldFact, type: TypeFact): boolean {
  if (field.name === 'metadata' && type.gvks !== undefined) return false;
  if (type.name === 'meta.v1.PartialObjectMetadata' && field.name === 'metadata') return false;
  return field.required !== true;
}

/** Enums of the API may gain members, so they stay strings; the schema table knows the allowed values. */
function typeScriptOf(
  type: string,
  module: string,
  types: ReadonlyMap<string, TypeFact>,
  imports: Set<string>,
): string {
  if (type.startsWith('[]')) {
    const item = typeScriptOf(type.slice(2), module, types, imports);
    return item.includes(' | ') ? `readonly (${item})[]` : `readonly ${item}[]`;
  }
  if (type.startsWith('map[string]')) {
    return `{ readonly [key: string]: ${typeScriptOf(type.slice('map[string]'.length), module, types, imports)} }`;
  }
  const scalar = scalars[type];
  if (scalar !== undefined) return scalar;
  if (!types.has(type)) return 'unknown';
  const other = moduleOf(type);
  if (other === module) return shortName(type);
  imports.add(other);
  return `${alias(other)}.${shortName(type)}`;
}

/** Fields with inlined structs spread out in their place. */
function spread(type: TypeFact, types: ReadonlyMap<string, TypeFact>): readonly FieldFact[] {
  return (type.fields ?? []).flatMap((field) => {
    if (field.inline !== true) return [field];
    const inlined = types.get(field.type);
    return inlined === undefined ? [] : spread(inlined, types);
  });
}

/** `core.v1.PodSpec` belongs to `core.v1`. */
function moduleOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.'));
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function fileOf(module: string): string {
  return module.replaceAll('.', '-');
}

function alias(module: string): string {
  return module.replaceAll(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());
}

function quote(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
