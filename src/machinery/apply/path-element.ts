import { goJson, quote } from '../go-text.ts';
import { isMembers, type Members, ownMember } from '../members.ts';
import type { ListSchema, ScalarSchema } from '../schema/schema.ts';

/**
 * One step of a path to a field, in the form in which FieldsV1 writes it: `f:spec` for a field or a key of a map,
 * `k:{"name":"a"}` for an element of a list by its keys, `v:"a"` for an element of a set, `i:0` for an index.
 */
export type PathElement = string;

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

/** The name in an element that is a field or a key of a map; undefined for elements of lists. */
export function fieldName(element: PathElement): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/**
 * The element that identifies an item of a granular list; `problem` when it cannot be identified. A key that is absent takes its
 * default; one without a default is left out.
 */
export function itemElement(schema: ListSchema, item: unknown): PathElement | { readonly problem: string } {
  if (schema.listType === 'map') return keyElement(schema, item);
  if (item === null || item === undefined)
    return { problem: "associative list without keys has an element that's an explicit null" };
  if (Array.isArray(item)) return { problem: 'not supported: associative list with lists as elements' };
  if (typeof item === 'object') return { problem: "associative list without keys has an element that's a map type" };
  return `v:${goJson(item)}`;
}

function keyElement(schema: ListSchema, item: unknown): PathElement | { readonly problem: string } {
  if (item === null || item === undefined) return { problem: 'associative list with keys may not have a null element' };
  if (!isMembers(item)) return { problem: 'associative list with keys may not have non-map elements' };
  const parts: string[] = [];
  for (const key of sortedKeys(schema)) {
    const value = ownMember(item, key) ?? defaultOf(schema, key);
    if (value !== undefined) parts.push(`${goJson(key)}:${goJson(value)}`);
  }
  if (parts.length > 0) return `k:{${parts.join(',')}}`;
  const keys = schema.mapKeys.map(quote).join(' ');
  return {
    problem: `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`,
  };
}

const sorted = new WeakMap<ListSchema, readonly string[]>();

function sortedKeys(schema: ListSchema): readonly string[] {
  let keys = sorted.get(schema);
  if (keys === undefined) {
    keys = schema.mapKeys.toSorted();
    sorted.set(schema, keys);
  }
  return keys;
}

const zeroKeys: Readonly<Partial<Record<ScalarSchema['type'], unknown>>> = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
};

/** Stated, or the zero value of a field that is always written: so the OpenAPI document has it. */
function defaultOf(schema: ListSchema, key: string): unknown {
  const field = schema.items.kind === 'struct' ? schema.items.fields.get(key) : undefined;
  if (field === undefined) return undefined;
  if (field.default !== undefined) return field.default;
  return field.omitEmpty || field.schema.kind !== 'scalar' ? undefined : zeroKeys[field.schema.type];
}

/** What is wrong with an element that came from outside; undefined when it is good. */
export function elementProblem(element: string): string | undefined {
  if (element.length < 2) return 'key must be 2 characters long:';
  if (element[1] !== ':') return `missing colon: ${element}`;
  const rest = element.slice(2);
  try {
    if (element.startsWith('v:')) JSON.parse(rest);
    else if (element.startsWith('k:') && !isMembers(JSON.parse(rest))) return 'expected an object';
    else if (element.startsWith('i:') && !/^[-+]?\d+$/.test(rest)) return `invalid index ${quote(rest)}`;
  } catch {
    return `invalid JSON ${quote(rest)}`;
  }
  return undefined;
}

/** Whether an element is of a kind that is known; others are dropped, for a later release may know them. */
export function isKnownElement(element: string): boolean {
  return element[1] === ':' && 'fkvi'.includes(element[0] ?? ' ');
}

/** As paths are shown in messages: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function elementText(element: PathElement): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const value: unknown = JSON.parse(rest);
  if (!element.startsWith('k:') || !isMembers(value)) return `[=${valueText(value)}]`;
  return `[${keyTexts(value).join(',')}]`;
}

function keyTexts(key: Members): readonly string[] {
  return Object.entries(key).map(([name, member]) => `${name}=${valueText(member)}`);
}

/** `.spec.containers[name="a"].image` */
export function pathText(path: readonly PathElement[]): string {
  return path.map(elementText).join('');
}

/** Members of an object stand one after the other with nothing between them. */
function valueText(value: unknown): string {
  if (isMembers(value)) return keyTexts(value).join('');
  return typeof value === 'string' ? quote(value) : goJson(value);
}

const kindOrder = 'fkvi';

/** The canonical order: fields, keys, values, indexes; each by what they hold, numbers as numbers. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const [left, right] = [a[0] ?? '', b[0] ?? ''];
  if (left !== right) return kindOrder.indexOf(left) - kindOrder.indexOf(right);
  if (left === 'f') return a < b ? -1 : 1;
  if (left === 'i') return Number(a.slice(2)) - Number(b.slice(2));
  const [first, second]: unknown[] = [JSON.parse(a.slice(2)), JSON.parse(b.slice(2))];
  return isMembers(first) && isMembers(second) ? compareKeys(first, second) : compareValues(first, second);
}

function compareKeys(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  const [left, right] = [Object.entries(a), Object.entries(b)];
  for (const [index, [name, value]] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    const order = compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

const typeOrder = ['number', 'string', 'boolean', 'object'];

function compareValues(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return typeOrder.indexOf(typeof a) - typeOrder.indexOf(typeof b);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
