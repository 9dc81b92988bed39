/** A part of the table that belongs to one owner: a port of a service, or a pod. */
export interface Rules {
  /** Rules by the name of their chain. No two owners have a chain of one name. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** What sets are, by name (`type ipv4_addr; flags timeout;`). No two owners have a set of one name. */
  readonly sets: ReadonlyMap<string, string>;
  /** Entries in the sets and maps that all share. Two owners may have the same. */
  readonly elements: readonly Element[];
}

export interface Element {
  readonly set: string;
  readonly key: string;
  /** What a map has for the key; empty in a set. */
  readonly value: string;
}

/** Gathers the rules of one owner. */
export class RulesBuilder implements Rules {
  readonly chains = new Map<string, readonly string[]>();
  readonly sets = new Map<string, string>();
  readonly elements: Element[] = [];

  chain(name: string, rules: readonly string[]): this {
    this.chains.set(name, rules);
    return this;
  }

  set(name: string, declaration: string): this {
    this.sets.set(name, declaration);
    return this;
  }

  element(set: string, key: string, value = ''): this {
    this.elements.push({ set, key, value });
    return this;
  }
}
