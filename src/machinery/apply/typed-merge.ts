import { isMembers, type Members, ownMember, setMember } from '../members.ts';
import type { ListSchema, MapSchema, Schema, StructSchema } from '../schema/schema.ts';
import { schemaOf } from './compare.ts';
import { itemElement, type PathElement } from './path-element.ts';

/**
 * Merges an applied configuration into an object: members and items of what is granular are merged, of everything else the
 * configuration's value is taken. Neither is changed, what is untouched is shared.
 */
export function mergeTyped(schema: StructSchema, live: Members, config: Members): Members {
  const merged = merge(schema, live, config);
  return isMembers(merged) ? merged : {};
}

/** Undefined is an absent side; the result is undefined when nothing is left. */
function merge(schema: Schema, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  if (schema.kind === 'scalar' || schema.kind === 'any') return config;
  if (schema.kind === 'list') return mergeLists(schema, live, config);
  return mergeMembers(schema, live, config);
}

function mergeMembers(schema: StructSchema | MapSchema, live: unknown, config: unknown): unknown {
  const left = isMembers(live) ? live : {};
  const right = isMembers(config) ? config : {};
  if (schema.atomic || (Object.keys(left).length === 0 && Object.keys(right).length === 0)) return config;
  const result: Record<string, unknown> = { ...left };
  for (const name of Object.keys(right)) {
    const field = schemaOf(schema, name);
    if (field === undefined) continue;
    const merged = merge(field, ownMember(left, name), right[name]);
    if (merged !== undefined) setMember(result, name, merged);
  }
  return result;
}

interface Item {
  readonly element: PathElement;
  readonly value: unknown;
}

function mergeLists(schema: ListSchema, live: unknown, config: unknown): unknown {
  const left = itemsOf(schema, live);
  const right = itemsOf(schema, config);
  if (schema.listType === 'atomic' || (left.length === 0 && right.length === 0)) return config;
  return new ListMerge(schema, left, right).run();
}

function itemsOf(schema: ListSchema, list: unknown): readonly Item[] {
  if (!Array.isArray(list) || schema.listType === 'atomic') return [];
  return list.map((value: unknown, index) => {
    const element = itemElement(schema, value);
    // What cannot be identified stays as it is, by an identity that nothing else has.
    return { element: typeof element === 'string' ? element : `i:${index}`, value };
  });
}

/**
 * Weaves two lists: the items of the configuration come in its order, those that only the object has stay where they stand
 * relative to the items that both have.
 */
class ListMerge {
  readonly #schema: ListSchema;
  readonly #left: readonly Item[];
  readonly #right: readonly Item[];
  /** The object's items by identity; undefined for one that it has more than once, which is replaced and not merged. */
  readonly #live = new Map<PathElement, unknown>();
  readonly #config = new Map<PathElement, unknown>();
  /** The items of both that are still to come, in the configuration's order. */
  readonly #shared: PathElement[];
  readonly #taken = new Set<PathElement>();
  readonly #out: unknown[] = [];

  constructor(schema: ListSchema, left: readonly Item[], right: readonly Item[]) {
    this.#schema = schema;
    this.#left = left;
    this.#right = right;
    for (const { element, value } of left) this.#live.set(element, this.#live.has(element) ? undefined : value);
    for (const { element, value } of right) this.#config.set(element, value);
    this.#shared = right.map((item) => item.element).filter((element) => this.#live.has(element));
  }

  run(): readonly unknown[] {
    let [left, right] = [0, 0];
    for (;;) {
      const ours = this.#left[left];
      const theirs = this.#right[right];
      if (ours === undefined && theirs === undefined) return this.#out;
      if (ours !== undefined && ours.element === theirs?.element) {
        this.#take(ours.element);
        left++;
        right++;
      } else if (ours !== undefined && theirs !== undefined && this.#comesLater(ours.element)) left++;
      else if (ours !== undefined && !this.#config.has(ours.element)) {
        this.#out.push(ours.value);
        left++;
      } else {
        if (ours !== undefined && this.#taken.has(ours.element)) left++;
        if (theirs === undefined) continue;
        this.#take(theirs.element);
        right++;
      }
    }
  }

  /** Whether this is an item of both whose turn in the configuration's order has not come. */
  #comesLater(element: PathElement): boolean {
    return this.#config.has(element) && this.#shared.length > 0 && this.#shared[0] !== element;
  }

  #take(element: PathElement): void {
    this.#taken.add(element);
    if (this.#shared[0] === element) this.#shared.shift();
    const merged = merge(this.#schema.items, this.#live.get(element), this.#config.get(element));
    if (merged !== undefined) this.#out.push(merged);
  }
}
