interface Leaf<V> {
  readonly keys: readonly string[];
  readonly values: readonly V[];
  readonly children: undefined;
  readonly size: number;
}

interface Branch<V> {
  /** The smallest key of each child. */
  readonly keys: readonly string[];
  readonly children: readonly Node<V>[];
  readonly size: number;
}

type Node<V> = Leaf<V> | Branch<V>;

/** Fan-out: wide enough for short paths, small enough that copying a node on every write is cheap. */
const maxWidth = 32;
const minWidth = 8;

/**
 * An ordered map that never changes: a write answers a new tree that shares all but one path with the old one, so keeping a
 * snapshot costs nothing. Keys are in the order of UTF-16 code units, which for the names of Kubernetes is the store's.
 */
export class PersistentTree<V> {
  static readonly #empty = new PersistentTree<never>({ keys: [], values: [], children: undefined, size: 0 });
  readonly #root: Node<V>;

  private constructor(root: Node<V>) {
    this.#root = root;
  }

  static empty<V>(): PersistentTree<V> {
    return PersistentTree.#empty as PersistentTree<unknown> as PersistentTree<V>;
  }

  get size(): number {
    return this.#root.size;
  }

  get(key: string): V | undefined {
    let node = this.#root;
    while (node.children !== undefined) {
      const child = node.children[childIndex(node.keys, key)];
      if (child === undefined) return undefined;
      node = child;
    }
    const at = lowerBound(node.keys, key);
    return node.keys[at] === key ? node.values[at] : undefined;
  }

  set(key: string, value: V): PersistentTree<V> {
    const nodes = insert(this.#root, key, value);
    return new PersistentTree(nodes.length === 1 ? (nodes[0] as Node<V>) : branch(nodes));
  }

  delete(key: string): PersistentTree<V> {
    if (this.get(key) === undefined) return this;
    let root = remove(this.#root, key);
    while (root.children !== undefined && root.children.length === 1) root = root.children[0] as Node<V>;
    return root.size === 0 ? PersistentTree.empty<V>() : new PersistentTree(root);
  }

  /** How many keys come before this one. */
  rank(key: string): number {
    let node = this.#root;
    let before = 0;
    while (node.children !== undefined) {
      const index = childIndex(node.keys, key);
      for (let at = 0; at < index; at++) before += node.children[at]?.size ?? 0;
      const child = node.children[index];
      if (child === undefined) return before;
      node = child;
    }
    return before + lowerBound(node.keys, key);
  }

  /** The values of all keys with start <= key < end, in order. */
  between(start: string, end: string): Iterable<V> {
    return walk(this.#root, start, end);
  }
}

function* walk<V>(node: Node<V>, start: string, end: string): Generator<V, void> {
  if (node.children === undefined) {
    for (let at = lowerBound(node.keys, start); at < node.keys.length; at++) {
      if ((node.keys[at] as string) >= end) return;
      yield node.values[at] as V;
    }
    return;
  }
  for (let at = childIndex(node.keys, start); at < node.children.length; at++) {
    if ((node.keys[at] as string) >= end) return;
    yield* walk(node.children[at] as Node<V>, start, end);
  }
}

/** One node, or two where it had to be split. */
function insert<V>(node: Node<V>, key: string, value: V): readonly Node<V>[] {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key);
    const replaces = node.keys[at] === key ? 1 : 0;
    return splitLeaf(node.keys.toSpliced(at, replaces, key), node.values.toSpliced(at, replaces, value));
  }
  const index = childIndex(node.keys, key);
  return splitBranch(node.children.toSpliced(index, 1, ...insert(node.children[index] as Node<V>, key, value)));
}

/** The key is known to be there. A child that has become narrow is joined with a neighbour. */
function remove<V>(node: Node<V>, key: string): Node<V> {
  if (node.children === undefined) {
    const at = lowerBound(node.keys, key);
    return leaf(node.keys.toSpliced(at, 1), node.values.toSpliced(at, 1));
  }
  const index = childIndex(node.keys, key);
  const child = remove(node.children[index] as Node<V>, key);
  if (child.keys.length >= minWidth || node.children.length === 1)
    return branch(node.children.toSpliced(index, 1, child));
  const left = index > 0 ? index - 1 : index;
  const pair = index > 0 ? [node.children[index - 1], child] : [child, node.children[index + 1]];
  return branch(node.children.toSpliced(left, 2, ...join(pair[0] as Node<V>, pair[1] as Node<V>)));
}

function join<V>(left: Node<V>, right: Node<V>): readonly Node<V>[] {
  if (left.children !== undefined && right.children !== undefined)
    return splitBranch([...left.children, ...right.children]);
  if (left.children === undefined && right.children === undefined)
    return splitLeaf([...left.keys, ...right.keys], [...left.values, ...right.values]);
  throw new Error('children of one node differ in depth');
}

function splitLeaf<V>(keys: readonly string[], values: readonly V[]): readonly Node<V>[] {
  if (keys.length <= maxWidth) return [leaf(keys, values)];
  const middle = keys.length >> 1;
  return [leaf(keys.slice(0, middle), values.slice(0, middle)), leaf(keys.slice(middle), values.slice(middle))];
}

function splitBranch<V>(children: readonly Node<V>[]): readonly Node<V>[] {
  if (children.length <= maxWidth) return [branch(children)];
  const middle = children.length >> 1;
  return [branch(children.slice(0, middle)), branch(children.slice(middle))];
}

function leaf<V>(keys: readonly string[], values: readonly V[]): Leaf<V> {
  return { keys, values, children: undefined, size: keys.length };
}

function branch<V>(children: readonly Node<V>[]): Branch<V> {
  let size = 0;
  for (const child of children) size += child.size;
  return { keys: children.map((child) => child.keys[0] as string), children, size };
}

/** The index of the first key that is not before `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The child in which `key` is, or would be. */
function childIndex(keys: readonly string[], key: string): number {
  const at = lowerBound(keys, key);
  return keys[at] === key || at === 0 ? at : at - 1;
}
