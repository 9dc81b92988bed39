import { isMembers, setMember } from '../members.ts';
import type { ListSchema, MapSchema, Schema, StructSchema } from '../schema/schema.ts';
import { schemaOf } from './compare.ts';
import { below, type Fields, hasElement, isEmpty } from './fields.ts';
import { fieldElement, itemElement } from './path-element.ts';

/** The value without the fields of a set. What becomes empty by that becomes null, as good as absent. */
export function removeFields(schema: Schema, value: unknown, fields: Fields): unknown {
  if (isEmpty(fields)) return value;
  switch (schema.kind) {
    case 'scalar':
      return value;
    case 'any':
      return null;
    case 'struct':
    case 'map':
      return removeMembers(schema, value, fields);
    case 'list':
      return removeItems(schema, value, fields);
  }
}

function removeMembers(schema: StructSchema | MapSchema, value: unknown, fields: Fields): unknown {
  // Something below a value that counts as one: the set comes from another form of the schema.
  if (schema.atomic || !isMembers(value)) return null;
  const result: Record<string, unknown> = {};
  let kept = false;
  for (const name of Object.keys(value)) {
    const element = fieldElement(name);
    if (hasElement(fields, element)) continue;
    const field = schemaOf(schema, name);
    const member = value[name];
    setMember(result, name, field === undefined ? member : removeFields(field, member, below(fields, element)));
    kept = true;
  }
  return kept ? result : null;
}

function removeItems(schema: ListSchema, value: unknown, fields: Fields): unknown {
  if (schema.listType === 'atomic' || !Array.isArray(value)) return null;
  const result: unknown[] = [];
  for (const item of value as readonly unknown[]) {
    const element = itemElement(schema, item);
    if (typeof element !== 'string') result.push(item);
    else if (!hasElement(fields, element)) result.push(removeFields(schema.items, item, below(fields, element)));
  }
  return result.length > 0 ? result : null;
}
