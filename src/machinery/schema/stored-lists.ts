import { isMembers, type Members } from '../members.ts';
import type { FieldSchema, Schema, StructSchema } from './schema.ts';

/**
 * The value as it comes back when it has been stored: a list without items is nil, which shows as null in fields that say so. What does not
 * change is shared with the value.
 */
export function withStoredLists<T extends Members>(schema: StructSchema, value: T): T {
  let result: Record<string, unknown> | undefined;
  for (const field of nullableFields(schema)) {
    const member = value[field.name];
    const stored = field.nullable && Array.isArray(member) && member.length === 0 ? null : inside(field.schema, member);
    if (stored === member) continue;
    result ??= { ...value };
    result[field.name] = stored;
  }
  return (result as T | undefined) ?? value;
}

function inside(schema: Schema, value: unknown): unknown {
  if (schema.kind === 'struct') return isMembers(value) ? withStoredLists(schema, value) : value;
  if (schema.kind === 'list' && Array.isArray(value)) {
    const items = value.map((item) => inside(schema.items, item));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (schema.kind !== 'map' || !isMembers(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, inside(schema.values, member)] as const);
  return members.some(([key, member]) => member !== value[key]) ? Object.fromEntries(members) : value;
}

const plans = new WeakMap<StructSchema, readonly FieldSchema[]>();

/** The fields that are nullable, or have one somewhere in them. */
function nullableFields(schema: StructSchema): readonly FieldSchema[] {
  let plan = plans.get(schema);
  if (plan === undefined) {
    plan = [...schema.fields.values()].filter((field) => field.nullable || leadsToNullable(field.schema, new Set()));
    plans.set(schema, plan);
  }
  return plan;
}

function leadsToNullable(schema: Schema, seen: Set<Schema>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  if (schema.kind === 'list') return leadsToNullable(schema.items, seen);
  if (schema.kind === 'map') return leadsToNullable(schema.values, seen);
  if (schema.kind !== 'struct') return false;
  return [...schema.fields.values()].some((field) => field.nullable || leadsToNullable(field.schema, seen));
}
