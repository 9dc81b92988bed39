import { isNullable, itemType, keepsEmpty, type TypeFact } from './facts.ts';

/**
 * The compact schema table: one JSON text, parsed at start, whose rows `resources/schema/schema-table.ts` turns into schemas when
 * they are first asked for. A row is a type: `[flags, ...fields]` with `a` for an atomic struct and `u` for a union, which is written as one
 * of its fields; a field is `[name, type, flags, proto, wire, extra?]` with flags r(equired), o(mit empty), p(ointer), i(nline),
 * n(ull without items), e(mpty is not absent).
 */
export function schemaTable(types: ReadonlyMap<string, TypeFact>): string {
  const rows: Record<string, unknown> = {};
  for (const type of types.values()) rows[type.name] = typeRow(type);
  const text = JSON.stringify(rows).replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `// Generated from facts/types.json by \`node scripts/generate/main.ts\`; do not edit.\n\nexport const schemaTableText =\n  '${text}';\n`;
}

function typeRow(type: TypeFact): unknown {
  const isUnion = type.scalar === 'any' && type.name !== 'util.intstr.IntOrString' && (type.fields ?? []).length > 1;
  if (type.scalar === 'array') return `[]${itemType(type)}`;
  if (type.scalar !== undefined && !isUnion) return type.scalar;
  const fields = (type.fields ?? []).map((field) => {
    const flags =
      (field.required === true ? 'r' : '') +
      (field.omitempty === true ? 'o' : '') +
      (field.pointer === true ? 'p' : '') +
      (field.inline === true ? 'i' : '') +
      (isNullable(type, field) ? 'n' : '') +
      (keepsEmpty(type, field) ? 'e' : '');
    const extra = {
      ...(field.enum !== undefined && { enum: field.enum }),
      ...(field.goType !== undefined && { go: field.goType }),
      ...(field.default !== undefined && { default: field.default }),
      ...(field.listType !== undefined && field.listType !== 'atomic' && { list: field.listType }),
      ...(field.listMapKeys !== undefined && { keys: field.listMapKeys }),
      ...(field.mapType !== undefined && { map: field.mapType }),
      ...(field.patchStrategy !== undefined && { strategy: field.patchStrategy }),
      ...(field.patchMergeKey !== undefined && { mergeKey: field.patchMergeKey }),
    };
    const row: unknown[] = [field.name, field.type, flags, field.proto ?? 0, field.wire ?? ''];
    return Object.keys(extra).length > 0 ? [...row, extra] : row;
  });
  return [isUnion ? 'u' : type.mapType === 'atomic' ? 'a' : '', ...fields];
}
