import { isMembers, type Members } from '../members.ts';
import type { ListSchema, MapSchema, Schema, StructSchema } from '../schema/schema.ts';
import { schemaOf } from './compare.ts';
import { type Fields, FieldsBuilder, isEmpty } from './fields.ts';
import { fieldElement, fieldName, itemElement, type PathElement } from './path-element.ts';

/** The fields that an object or an applied configuration sets: its leaves, the keys of its maps and the items of its lists. */
export function fieldSetOf(schema: StructSchema, object: Members): Fields {
  const walk = new FieldSetWalk();
  walk.visit(schema, object);
  return walk.builder.fields;
}

class FieldSetWalk {
  readonly builder = new FieldsBuilder();
  readonly #path: PathElement[] = [];

  visit(schema: Schema, value: unknown): void {
    switch (schema.kind) {
      case 'scalar':
      case 'any':
        this.builder.insert(this.#path);
        return;
      case 'struct':
      case 'map':
        this.#members(schema, value);
        return;
      case 'list':
        this.#list(schema, value);
    }
  }

  #members(schema: StructSchema | MapSchema, value: unknown): void {
    if (schema.atomic) this.builder.insert(this.#path);
    else if (isMembers(value)) {
      for (const name of Object.keys(value)) {
        const member = value[name];
        const field = schemaOf(schema, name);
        if (field === undefined || member === undefined) continue;
        this.#path.push(fieldElement(name));
        this.visit(field, member);
        const nothing = member === null || (isMembers(member) && Object.keys(member).length === 0);
        if (nothing || schema.kind === 'map') this.builder.insert(this.#path);
        this.#path.pop();
      }
    }
  }

  #list(schema: ListSchema, value: unknown): void {
    if (schema.listType === 'atomic') this.builder.insert(this.#path);
    else if (Array.isArray(value)) {
      const seen = new Set<PathElement>();
      const duplicates = new Set<PathElement>();
      const items = value.map((item: unknown) => ({ item, element: itemElement(schema, item) }));
      for (const { element } of items) {
        if (typeof element !== 'string') continue;
        if (seen.has(element)) duplicates.add(element);
        seen.add(element);
      }
      for (const { item, element } of items) {
        if (typeof element !== 'string') continue;
        this.#path.push(element);
        if (!duplicates.has(element)) this.visit(schema.items, item);
        this.builder.insert(this.#path);
        this.#path.pop();
      }
    }
  }
}

/**
 * The set together with the fields of structs on the way to what it has: `a` of `a.b`, for a set that names a field of a struct
 * speaks of the struct too. Keys of maps and items of lists are not added.
 */
export function withStructFields(schema: Schema, fields: Fields): Fields {
  const result: Record<PathElement, Fields> = {};
  for (const element in fields) {
    const node = fields[element];
    if (node === undefined) continue;
    if (element === '.' || isEmpty(node)) {
      result[element] = node;
      continue;
    }
    const name = fieldName(element);
    const declared = name !== undefined && schema.kind === 'struct' && schema.fields.has(name);
    const inner = memberSchema(schema, name);
    const children = inner === undefined ? node : withStructFields(inner, node);
    result[element] = declared && children['.'] === undefined ? { '.': {}, ...children } : children;
  }
  return result;
}

function memberSchema(schema: Schema, name: string | undefined): Schema | undefined {
  if (name === undefined) return schema.kind === 'list' ? schema.items : undefined;
  return schema.kind === 'struct' || schema.kind === 'map' ? schemaOf(schema, name) : undefined;
}
