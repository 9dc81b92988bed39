type Loose = Readonly<Record<string, unknown>>;

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const jsonWebToken = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const tooOld = /(resource version: )\d+ \(\d+\)/g;
/** Of an object that a message quotes. */
const quotedRevision = /(resourceVersion\\?"?: ?\\?")([1-9]\d*)/g;
const recordedRevision = /(the ResourceVersion in record )\(\d+\)/g;
const tokenVolume = /(kube-api-access-)[a-z0-9]{5}/g;
/** What a table says of a time. */
const age = /^(?:\d+[ydhms])+$/;
/** The range that addresses of services come from. */
const serviceAddress = /\b10\.96\.\d+\.\d+\b/g;

/**
 * Gives what differs from one run to the next names that do not: uids, revisions and generated names are numbered in the order in
 * which a scenario's answers mention them, so that it is still seen where two are the same. What the requests contain stays.
 * The descriptions of columns go: they are prose.
 */
export class Normaliser {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #generated = new Map<string, string>();
  #asked = '';

  /** A request is about to be sent. */
  sees(request: unknown): void {
    this.#asked += JSON.stringify(request);
  }

  normalised(answer: unknown): unknown {
    this.#findGenerated(answer);
    return this.#value(answer, '');
  }

  text(text: string): string {
    let result = text
      .replaceAll(uuid, (uid) => this.#unlessAsked(uid, () => this.#named('uid', uid)))
      .replaceAll(time, (at) => this.#unlessAsked(at, () => 'time'))
      .replaceAll(jsonWebToken, 'token')
      .replaceAll(tokenVolume, '$1random')
      .replaceAll(tooOld, '$1N (N)')
      .replaceAll(recordedRevision, '$1(N)')
      .replaceAll(quotedRevision, (_, before: string, revision: string) => before + this.#named('revision', revision))
      .replaceAll(serviceAddress, (address) => this.#unlessAsked(address, () => this.#named('10.96.0', address)));
    for (const [name, as] of this.#generated) result = result.replaceAll(name, as);
    return result;
  }

  #value(value: unknown, key: string): unknown {
    if (typeof value === 'string') return this.#member(value, key);
    if (typeof value === 'number' && (key === 'nodePort' || key === 'healthCheckNodePort'))
      return this.#unlessAsked(String(value), () => 'a node port');
    if (Array.isArray(value)) {
      if (key === 'columnDefinitions') return value.map(({ description, ...column }: Loose) => column);
      if (key === 'cells') return value.map((cell) => (age.test(String(cell)) ? 'age' : this.#value(cell, key)));
      const values = value.map((each) => this.#value(each, key));
      return key === 'managedFields' ? values.sort(byManager) : values;
    }
    if (typeof value !== 'object' || value === null) return value;
    const collection = isCollection(value as Loose);
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) =>
        collection && name === 'metadata'
          ? [name, this.#listMetadata(member as Loose)]
          : [name, this.#value(member, name)],
      ),
    );
  }

  /** How far a whole collection is depends on everything else that was written. */
  #listMetadata(metadata: Loose): Loose {
    const members = Object.entries(metadata).map(([name, member]) => {
      if (name === 'resourceVersion') return [name, 'revision'];
      return [name, name === 'continue' && member !== '' ? 'token' : this.#value(member, name)];
    });
    return Object.fromEntries(members);
  }

  #member(text: string, key: string): string {
    if (key === 'serverAddress') return 'host:port';
    if (key === 'resourceVersion' && /^[1-9]\d*$/.test(text))
      return this.#unlessAsked(`"${text}"`, () => this.#named('revision', text));
    return this.text(text);
  }

  /** What a scenario's request says literally is no accident. Values of earlier answers have names by then. */
  #unlessAsked<T extends string>(value: T, name: () => string): string {
    const known = this.#names.get(value.replaceAll('"', ''));
    if (known !== undefined) return known;
    return this.#asked.includes(value) ? value.replaceAll('"', '') : name();
  }

  #named(sort: string, value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(sort) ?? 0) + 1;
    this.#counts.set(sort, count);
    const name = `${sort}${sort.includes('.') ? '.' : '-'}${count}`;
    this.#names.set(value, name);
    return name;
  }

  #findGenerated(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const { generateName, name } = value as { readonly generateName?: unknown; readonly name?: unknown };
    if (typeof generateName === 'string' && typeof name === 'string' && name.startsWith(generateName)) {
      const suffix = name.slice(generateName.length);
      if (/^[a-z0-9]{5}$/.test(suffix) && !this.#generated.has(name))
        this.#generated.set(name, `${generateName}random${this.#generated.size + 1}`);
    }
    for (const member of Object.values(value)) this.#findGenerated(member);
  }
}

/** A list, a table, or what a watch tells of how far it is. */
function isCollection({ items, rows, kind, metadata }: Loose): boolean {
  if (Array.isArray(items) || Array.isArray(rows)) return true;
  const known = metadata as Loose | undefined;
  return typeof kind === 'string' && known !== undefined && known['uid'] === undefined && known['name'] === undefined;
}

/** Entries are in the order of their times, which are the same in one run and not in the next. */
function byManager(a: unknown, b: unknown): number {
  return orderOf(a as Loose) < orderOf(b as Loose) ? -1 : 1;
}

function orderOf({ operation, manager, subresource = '' }: Loose): string {
  return `${operation} ${manager} ${subresource}`;
}
