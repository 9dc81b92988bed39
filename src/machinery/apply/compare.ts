import { jsonEqual } from '../json-equal.ts';
import { isMembers, type Members, ownMember } from '../members.ts';
import type { ListSchema, MapSchema, Schema, StructSchema } from '../schema/schema.ts';
import { type Fields, FieldsBuilder, isEmpty } from './fields.ts';
import { fieldElement, itemElement, type PathElement } from './path-element.ts';

/** How one object differs from another, field by field as apply sees fields. */
export interface Comparison {
  readonly added: Fields;
  readonly modified: Fields;
  readonly removed: Fields;
}

/**
 * Compares two objects in normal form. What is granular in the schema is compared member by member and item by item; what is atomic,
 * and what is empty on both sides, counts as one value.
 */
export function compareObjects(schema: StructSchema, before: Members, after: Members): Comparison {
  const walk = new CompareWalk();
  walk.compareRoot(schema, before, after);
  return { added: walk.added.fields, modified: walk.modified.fields, removed: walk.removed.fields };
}

export function isSame(comparison: Comparison): boolean {
  return isEmpty(comparison.added) && isEmpty(comparison.modified) && isEmpty(comparison.removed);
}

class CompareWalk {
  readonly added = new FieldsBuilder();
  readonly modified = new FieldsBuilder();
  readonly removed = new FieldsBuilder();
  readonly #path: PathElement[] = [];

  /** Of a whole object most writes change one part, spec or status: the other parts are skipped at a glance. */
  compareRoot(schema: StructSchema, before: Members, after: Members): void {
    for (const [name, field] of schema.fields) {
      if (!jsonEqual(before[name], after[name]))
        this.#descend(fieldElement(name), field.schema, before[name], after[name]);
    }
  }

  /** At least one side is there; undefined is an absent side, null is a value. */
  compare(schema: Schema, before: unknown, after: unknown): void {
    if (before === after) return;
    switch (schema.kind) {
      case 'scalar':
      case 'any':
        this.#leaf(before, after);
        return;
      case 'struct':
      case 'map':
        this.#members(schema, before, after);
        return;
      case 'list':
        this.#list(schema, before, after);
    }
  }

  #members(schema: StructSchema | MapSchema, before: unknown, after: unknown): void {
    const left = membersOf(before);
    const right = membersOf(after);
    if (schema.atomic || (!hasMembers(left) && !hasMembers(right))) {
      this.#leaf(before, after);
      return;
    }
    for (const name in left) {
      const [from, to] = [left[name], ownMember(right, name)];
      // Most members are equal: no step is made for them.
      if (from === to) continue;
      const field = schemaOf(schema, name);
      if (field !== undefined) this.#descend(fieldElement(name), field, from, to);
    }
    for (const name in right) {
      if (Object.hasOwn(left, name)) continue;
      const field = schemaOf(schema, name);
      if (field !== undefined) this.#descend(fieldElement(name), field, undefined, right[name]);
    }
    this.#container(before, after);
  }

  #list(schema: ListSchema, before: unknown, after: unknown): void {
    const left = Array.isArray(before) ? (before as readonly unknown[]) : [];
    const right = Array.isArray(after) ? (after as readonly unknown[]) : [];
    if (schema.listType === 'atomic' || (left.length === 0 && right.length === 0)) {
      this.#leaf(before, after);
      return;
    }
    // Lists that are equal need no identities, which cost more than the look.
    if (jsonEqual(before, after)) return;
    const leftItems = itemsByElement(schema, left);
    const rightItems = itemsByElement(schema, right);
    for (const [element, items] of leftItems) this.#items(schema, element, items, rightItems.get(element) ?? []);
    for (const [element, items] of rightItems) if (!leftItems.has(element)) this.#items(schema, element, [], items);
    this.#container(before, after);
  }

  /** Items that share an identity, which updates may write, count as one value together. */
  #items(schema: ListSchema, element: PathElement, left: readonly unknown[], right: readonly unknown[]): void {
    if (left.length <= 1 && right.length <= 1) this.#descend(element, schema.items, left[0], right[0]);
    else if (left.length > 1 && right.length > 1) {
      if (!jsonEqual(left, right)) this.modified.insert(this.#path, element);
    } else if (left.length > 1) {
      if (right.length === 1) this.#descend(element, schema.items, undefined, right[0]);
      this.removed.insert(this.#path, element);
    } else {
      if (left.length === 1) this.#descend(element, schema.items, left[0], undefined);
      this.added.insert(this.#path, element);
    }
  }

  #descend(element: PathElement, schema: Schema, before: unknown, after: unknown): void {
    if (before === undefined && after === undefined) return;
    this.#path.push(element);
    this.compare(schema, before, after);
    this.#path.pop();
  }

  #container(before: unknown, after: unknown): void {
    if (before === undefined) this.added.insert(this.#path);
    else if (after === undefined) this.removed.insert(this.#path);
  }

  #leaf(before: unknown, after: unknown): void {
    if (before === undefined) this.added.insert(this.#path);
    else if (after === undefined) this.removed.insert(this.#path);
    else if (!jsonEqual(before, after)) this.modified.insert(this.#path);
  }
}

const noMembers: Members = {};

function membersOf(value: unknown): Members {
  return isMembers(value) ? value : noMembers;
}

function hasMembers(value: Members): boolean {
  for (const _ in value) return true;
  return false;
}

/** The schema of one member; undefined for a field that the struct does not have. */
export function schemaOf(schema: StructSchema | MapSchema, name: string): Schema | undefined {
  return schema.kind === 'map' ? schema.values : schema.fields.get(name)?.schema;
}

function itemsByElement(schema: ListSchema, list: readonly unknown[]): ReadonlyMap<PathElement, readonly unknown[]> {
  const result = new Map<PathElement, unknown[]>();
  for (const item of list) {
    const element = itemElement(schema, item);
    // An item that cannot be identified has no owner.
    if (typeof element !== 'string') continue;
    const items = result.get(element);
    if (items === undefined) result.set(element, [item]);
    else items.push(item);
  }
  return result;
}
