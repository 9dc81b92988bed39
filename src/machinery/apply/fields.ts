import { isMembers } from '../members.ts';
import { compareElements, elementProblem, isKnownElement, type PathElement } from './path-element.ts';

/**
 * A set of fields in the form of FieldsV1 (KEP-555), which is a trie already and is worked on as it stands. Below an element, `{}`
 * says that the field itself is in the set; with children, it is in the set when there is a `.` beside them. At the top `{}` is the
 * empty set. Sets are never changed in place, except by their `FieldsBuilder`.
 */
export interface Fields {
  readonly [element: PathElement]: Fields;
}

export const noFields: Fields = Object.freeze({});
const self = '.';
const leaf: Fields = Object.freeze({});

export function isEmpty(fields: Fields): boolean {
  for (const element in fields) if (element !== self) return false;
  return true;
}

/** Whether the field that leads to this node is itself in the set. */
function isMember(node: Fields): boolean {
  return node[self] !== undefined || isEmpty(node);
}

/** A node of these children, with or without the field itself; undefined when nothing is left. */
function makeNode(member: boolean, children: Fields): Fields | undefined {
  if (isEmpty(children)) return member ? leaf : undefined;
  if (member === (children[self] !== undefined)) return children;
  if (member) return { [self]: leaf, ...children };
  const { [self]: _, ...rest } = children;
  return rest;
}

/** What is in either. */
export function union(a: Fields, b: Fields): Fields {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let result: Record<PathElement, Fields> | undefined;
  for (const element in b) {
    const right = b[element];
    if (element === self || right === undefined) continue;
    const left = a[element];
    const node = left === undefined ? right : unionNodes(left, right);
    if (node === left) continue;
    result ??= { ...a };
    result[element] = node;
  }
  return result ?? a;
}

function unionNodes(left: Fields, right: Fields): Fields {
  const children = union(left, right);
  if (children === left && (isMember(left) || !isMember(right))) return left;
  return makeNode(isMember(left) || isMember(right), children) ?? leaf;
}

/** What is in both. */
export function intersection(a: Fields, b: Fields): Fields {
  const result: Record<PathElement, Fields> = {};
  for (const element in a) {
    const [left, right] = [a[element], b[element]];
    if (element === self || left === undefined || right === undefined) continue;
    const node = makeNode(isMember(left) && isMember(right), withoutSelf(intersection(left, right)));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** What is in the first and not in the second. Answers the first itself when that is all of it. */
export function difference(a: Fields, b: Fields): Fields {
  return subtract(a, b, (left, right) =>
    makeNode(isMember(left) && !isMember(right), withoutSelf(difference(left, right))),
  );
}

/** The same, but what the second has goes with everything below it. */
export function recursiveDifference(a: Fields, b: Fields): Fields {
  return subtract(a, b, (left, right) =>
    isMember(right) ? undefined : makeNode(isMember(left), withoutSelf(recursiveDifference(left, right))),
  );
}

function subtract(a: Fields, b: Fields, remaining: (left: Fields, right: Fields) => Fields | undefined): Fields {
  let result: Record<PathElement, Fields> | undefined;
  for (const element in b) {
    const [left, right] = [a[element], b[element]];
    if (element === self || left === undefined || right === undefined) continue;
    const node = remaining(left, right);
    if (node === left || (node !== undefined && fieldsEqual(node, left))) continue;
    result ??= { ...a };
    if (node === undefined) delete result[element];
    else result[element] = node;
  }
  return result ?? a;
}

function withoutSelf(fields: Fields): Fields {
  if (fields[self] === undefined) return fields;
  const { [self]: _, ...rest } = fields;
  return rest;
}

export function fieldsEqual(a: Fields, b: Fields): boolean {
  if (a === b) return true;
  let elements = 0;
  for (const element in a) {
    const [left, right] = [a[element], b[element]];
    if (left === undefined || right === undefined || !fieldsEqual(left, right)) return false;
    elements++;
  }
  for (const _ in b) elements--;
  return elements === 0;
}

/** Whether the field at a path is in the set. */
export function hasField(fields: Fields, path: readonly PathElement[]): boolean {
  let node: Fields | undefined = fields;
  for (const element of path) {
    node = node[element];
    if (node === undefined) return false;
  }
  return isMember(node);
}

/** Whether the field of one element is in the set. */
export function hasElement(fields: Fields, element: PathElement): boolean {
  const node = fields[element];
  return node !== undefined && isMember(node);
}

/** What the set has below an element. */
export function below(fields: Fields, element: PathElement): Fields {
  const node = fields[element];
  return node === undefined || isEmpty(node) ? noFields : node;
}

/** Calls back for every field in the set: those of one level before those below them, as Kubernetes lists them. */
export function forEachField(fields: Fields, visit: (path: readonly PathElement[]) => void): void {
  const path: PathElement[] = [];
  const descend = (set: Fields) => {
    const elements = Object.keys(set).filter((element) => element !== self);
    for (const element of elements) if (hasElement(set, element)) visit([...path, element]);
    for (const element of elements) {
      path.push(element);
      descend(below(set, element));
      path.pop();
    }
  };
  descend(fields);
}

/** The same set with its elements in the order in which Kubernetes writes them; itself when they are. */
export function canonicalFields(fields: Fields): Fields {
  let previous: PathElement | undefined;
  let sorted = true;
  let changed = false;
  const nodes = new Map<PathElement, Fields>();
  for (const element in fields) {
    const node = fields[element] ?? leaf;
    if (previous !== undefined && (element === self || (previous !== self && compareElements(previous, element) > 0)))
      sorted = false;
    previous = element;
    const canonical = canonicalFields(node);
    if (canonical !== node) changed = true;
    nodes.set(element, canonical);
  }
  if (sorted && !changed) return fields;
  const elements = [...nodes.keys()].filter((element) => element !== self).sort(compareElements);
  const result: Record<PathElement, Fields> = {};
  if (nodes.has(self)) result[self] = leaf;
  for (const element of elements) result[element] = nodes.get(element) ?? leaf;
  return result;
}

/** How deep paths may go; objects are not nested deeper. */
const maxDepth = 1000;

/**
 * Reads fields that came from outside: unknown kinds of elements are dropped. Answers what is wrong as `problem`.
 */
export function readFields(value: unknown, depth = 0): Fields | { readonly problem: string } {
  if (depth > maxDepth) return { problem: 'fields are nested too deep' };
  if (!isMembers(value)) return { problem: `expected an object, got ${JSON.stringify(value)}` };
  const result: Record<PathElement, Fields> = {};
  for (const element of Object.keys(value)) {
    if (element === self) {
      result[self] = leaf;
      continue;
    }
    const problem = elementProblem(element);
    if (problem !== undefined) return { problem };
    if (!isKnownElement(element)) continue;
    const node = readFields(value[element], depth + 1);
    if (isProblem(node)) return node;
    result[element] = node;
  }
  return isEmpty(result) ? leaf : result;
}

/** Tells a problem from fields, which cannot have an element of that name. */
export function isProblem(result: Fields | { readonly problem: string }): result is { readonly problem: string } {
  return typeof result['problem'] === 'string';
}

/** Collects the paths of a set while an object is walked. */
export class FieldsBuilder {
  readonly #root: Record<PathElement, Fields> = {};
  /** The nodes with something below them. To look at a node itself takes the longer the more it has. */
  readonly #parents = new Set<Fields>();

  /** The set so far; not to be used any more once more is inserted. */
  get fields(): Fields {
    return this.#root;
  }

  insert(path: readonly PathElement[], last?: PathElement): void {
    const length = last === undefined ? path.length - 1 : path.length;
    const end = last ?? path[length];
    if (end === undefined) return;
    let node = this.#root;
    for (let index = 0; index < length; index++) {
      const element = path[index] ?? '';
      let next = node[element] as Record<PathElement, Fields> | undefined;
      if (next === undefined) {
        next = {};
        node[element] = next;
        this.#parents.add(node);
      } else if (next[self] === undefined && !this.#parents.has(next)) next[self] = leaf;
      node = next;
    }
    const present = node[end] as Record<PathElement, Fields> | undefined;
    if (present === undefined) {
      node[end] = {};
      this.#parents.add(node);
    } else if (this.#parents.has(present)) present[self] = leaf;
  }
}
