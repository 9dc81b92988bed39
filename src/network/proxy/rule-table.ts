import type { Element, Rules } from './rules.ts';

/** Elements in one command: the kernel takes any number, a line of text should not. */
const mostElements = 500;
/** How long a chain is left alone before it is deleted. */
const restMs = 1_000;

/**
 * What one nftables table should hold, by owner, and what of it the kernel has not been told yet. Only what owners changed is looked
 * at, so that a change costs as much among a thousand services as among ten.
 */
export class RuleTable {
  readonly #name: string;
  readonly #frame: readonly string[];
  readonly #owners = new Map<string, Rules>();
  /** Owners of each element with what they want there: the first one has its way. */
  readonly #elements = new Map<string, Map<string, Element>>();
  readonly #chains = new Map<string, readonly string[]>();
  readonly #sets = new Map<string, string>();
  /** As the kernel has it; undefined: it has none. */
  readonly #oldElements = new Map<string, Element | undefined>();
  readonly #oldChains = new Map<string, readonly string[] | undefined>();
  readonly #oldSets = new Map<string, string | undefined>();
  /** Chains that are empty and unused but still there, with since when. */
  readonly #retired = new Map<string, number>();
  #retiring: readonly string[] = [];
  #deleting: readonly string[] = [];

  constructor(name: string, frame: readonly string[]) {
    this.#name = name;
    this.#frame = frame;
  }

  /** Names of the sets that owners have for themselves. */
  get sets(): Iterable<string> {
    return this.#sets.keys();
  }

  /** Says what an owner has; undefined: nothing. */
  put(owner: string, rules: Rules | undefined): void {
    const before = this.#owners.get(owner);
    for (const element of before?.elements ?? []) this.#drop(owner, element);
    for (const [name, lines] of before?.chains ?? []) {
      remember(this.#oldChains, name, lines);
      this.#chains.delete(name);
    }
    for (const [name, declaration] of before?.sets ?? []) {
      remember(this.#oldSets, name, declaration);
      this.#sets.delete(name);
    }
    for (const element of rules?.elements ?? []) this.#add(owner, element);
    for (const [name, lines] of rules?.chains ?? []) {
      remember(this.#oldChains, name, this.#chains.get(name));
      this.#chains.set(name, lines);
    }
    for (const [name, declaration] of rules?.sets ?? []) {
      remember(this.#oldSets, name, this.#sets.get(name));
      this.#sets.set(name, declaration);
    }
    if (rules === undefined) this.#owners.delete(owner);
    else this.#owners.set(owner, rules);
  }

  /** The whole table, replaced in one transaction: for the start, and when the kernel may hold something else. */
  whole(): string {
    const name = this.#name;
    const additions = [...this.#elements.values()].flatMap((wanted) => first(wanted) ?? []);
    return text([
      `table ip ${name} {}`,
      `delete table ip ${name}`,
      `table ip ${name} {`,
      ...this.#frame,
      '}',
      ...[...this.#sets].map(([set, declaration]) => `add set ip ${name} ${set} { ${declaration} }`),
      ...[...this.#chains.keys()].map((chain) => `add chain ip ${name} ${chain}`),
      ...[...this.#chains].flatMap(([chain, lines]) => this.#fill(chain, lines)),
      ...this.#elementLines('add', additions),
    ]);
  }

  /**
   * What brings the kernel from what it was told before to what is wanted now, in one transaction; empty when nothing does. Elements are
   * taken before others are given, for an address may move between services. A chain that nothing leads to any more is emptied, and
   * deleted by a later transaction: kernels before 6.2 hold on to it for a moment.
   */
  changes(nowMs: number): string {
    const name = this.#name;
    const removals: Element[] = [];
    const additions: Element[] = [];
    for (const [id, old] of this.#oldElements) {
      const wanted = first(this.#elements.get(id));
      if (wanted?.value === old?.value) continue;
      if (old !== undefined) removals.push(old);
      if (wanted !== undefined) additions.push(wanted);
    }
    const made: string[] = [];
    const filled: string[] = [];
    const retiring: string[] = [];
    for (const [chain, old] of this.#oldChains) {
      const lines = this.#chains.get(chain);
      if (same(lines, old)) continue;
      if (lines === undefined) retiring.push(chain);
      else made.push(`add chain ip ${name} ${chain}`);
      filled.push(`flush chain ip ${name} ${chain}`, ...this.#fill(chain, lines ?? []));
    }
    const newSets = [...this.#oldSets].filter(([set, old]) => old === undefined && this.#sets.has(set));
    const goneSets = [...this.#oldSets].filter(([set, old]) => old !== undefined && !this.#sets.has(set));
    this.#retiring = retiring;
    const retired = [...this.#retired].filter(([chain, since]) => since + restMs <= nowMs && !this.#chains.has(chain));
    const lines = [
      ...this.#elementLines('delete', removals),
      ...newSets.map(([set]) => `add set ip ${name} ${set} { ${this.#sets.get(set)} }`),
      ...made,
      ...filled,
      ...this.#elementLines('add', additions),
      ...goneSets.map(([set]) => `delete set ip ${name} ${set}`),
    ];
    this.#deleting = retired.map(([chain]) => chain);
    return lines.length === 0 ? '' : text([...lines, ...retired.map(([chain]) => `delete chain ip ${name} ${chain}`)]);
  }

  /** The kernel has taken what `whole` or `changes` gave last. */
  commit(how: 'whole' | 'changes', nowMs: number): void {
    if (how === 'whole') this.#retired.clear();
    else {
      for (const chain of this.#deleting) this.#retired.delete(chain);
      for (const chain of this.#retiring) this.#retired.set(chain, nowMs);
    }
    for (const chain of this.#retired.keys()) if (this.#chains.has(chain)) this.#retired.delete(chain);
    this.#retiring = [];
    this.#deleting = [];
    this.#oldElements.clear();
    this.#oldChains.clear();
    this.#oldSets.clear();
  }

  #add(owner: string, element: Element): void {
    const id = `${element.set} ${element.key}`;
    const wanted = this.#elements.get(id) ?? new Map<string, Element>();
    remember(this.#oldElements, id, first(wanted));
    wanted.set(owner, element);
    this.#elements.set(id, wanted);
  }

  #drop(owner: string, element: Element): void {
    const id = `${element.set} ${element.key}`;
    const wanted = this.#elements.get(id);
    remember(this.#oldElements, id, first(wanted));
    wanted?.delete(owner);
    if (wanted?.size === 0) this.#elements.delete(id);
  }

  #fill(chain: string, lines: readonly string[]): readonly string[] {
    return lines.map((line) => `add rule ip ${this.#name} ${chain} ${line}`);
  }

  #elementLines(verb: 'add' | 'delete', elements: readonly Element[]): readonly string[] {
    return [...Map.groupBy(elements, ({ set }) => set)].flatMap(([set, group]) => {
      const lines: string[] = [];
      for (let at = 0; at < group.length; at += mostElements) {
        const texts = group
          .slice(at, at + mostElements)
          .map(({ key, value }) => (value === '' ? key : `${key} : ${value}`));
        lines.push(`${verb} element ip ${this.#name} ${set} { ${texts.join(', ')} }`);
      }
      return lines;
    });
  }
}

function remember<T>(into: Map<string, T>, name: string, value: T): void {
  if (!into.has(name)) into.set(name, value);
}

function first(wanted: ReadonlyMap<string, Element> | undefined): Element | undefined {
  return wanted?.values().next().value;
}

function same(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((line, index) => line === b[index]);
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
