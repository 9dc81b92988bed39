import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import { quote } from '../go-text.ts';
import { type JsonNode, JsonNumber, JsonObject, maxJsonDepth, plain } from './json-text.ts';

/** What is wrong with a text that is no YAML: `yaml: line 6: ...`. */
export class YamlSyntaxError extends Error {
  override readonly name = 'YamlSyntaxError';
}

export interface YamlDocument {
  readonly root: JsonNode;
  /** Keys that were given twice, of which the last counts: `line 7: key "a" already set in map`. */
  readonly duplicates: readonly string[];
}

/** An alias may repeat what it names; all repetitions together may be this large. */
const maxNodes = 1_000_000;

/** So many duplicates are told of, as of other faults: each may repeat a key of a million characters. */
const maxDuplicates = 100;

/**
 * Reads the documents of a YAML text by the rules that kubectl and the API server have: YAML 1.1 words for booleans, octal numbers,
 * merge keys, keys of any scalar type turned into strings. Throws `YamlSyntaxError`.
 */
export function parseYamlNodes(text: string): readonly YamlDocument[] {
  const composer = new Composer(text, events(text));
  const documents: YamlDocument[] = [];
  for (let document = composer.document(); document !== undefined; document = composer.document())
    documents.push(document);
  return documents;
}

/** The documents of a YAML text as plain values; empty ones are null. Throws `YamlSyntaxError`. */
export function parseYaml(text: string): readonly unknown[] {
  return parseYamlNodes(text).map((document) => plain(document.root));
}

function events(text: string): readonly Event[] {
  try {
    return parseEvents(text, { maxDepth: maxJsonDepth });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new YamlSyntaxError(`yaml: line ${(error.mark?.line ?? 0) + 1}: ${error.reason}`, { cause: error });
  }
}

interface Anchor {
  readonly node: JsonNode;
  readonly nodes: number;
}

type Key = { readonly text: string } | 'merge';

class Composer {
  readonly #text: string;
  readonly #events: readonly Event[];
  #at = 0;
  /** Nodes so far, with aliases counted as what they repeat. */
  #nodes = 0;
  /** Undefined while the node that bears the name is still open. */
  #anchors = new Map<string, Anchor | undefined>();
  #duplicates: string[] = [];
  /** The line that was told of last, and where it begins. */
  #line = 1;
  #lineStart = 0;

  constructor(text: string, input: readonly Event[]) {
    this.#text = text;
    this.#events = input;
  }

  document(): YamlDocument | undefined {
    if (this.#at >= this.#events.length) return undefined;
    this.#at++;
    this.#anchors = new Map();
    this.#duplicates = [];
    const root = this.#peek()?.type === EVENT_ID.POP ? null : this.#node();
    this.#at++;
    return { root, duplicates: this.#duplicates };
  }

  #peek(): Event | undefined {
    return this.#events[this.#at];
  }

  #node(): JsonNode {
    const event = this.#events[this.#at++];
    if (event === undefined || event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP)
      throw new YamlSyntaxError('yaml: unexpected end of the document');
    if (event.type === EVENT_ID.ALIAS) return this.#alias(this.#text.slice(event.anchorStart, event.anchorEnd));
    const anchor = event.anchorStart < 0 ? undefined : this.#text.slice(event.anchorStart, event.anchorEnd);
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const before = this.#nodes;
    this.#countNodes(1);
    const node =
      event.type === EVENT_ID.SCALAR
        ? this.#scalar(event)
        : event.type === EVENT_ID.SEQUENCE
          ? this.#sequence()
          : this.#mapping();
    if (anchor !== undefined) this.#anchors.set(anchor, { node, nodes: this.#nodes - before });
    return node;
  }

  #alias(name: string): JsonNode {
    if (!this.#anchors.has(name)) throw new YamlSyntaxError(`yaml: unknown anchor '${name}' referenced`);
    const anchor = this.#anchors.get(name);
    if (anchor === undefined) throw new YamlSyntaxError(`yaml: anchor '${name}' value contains itself`);
    this.#countNodes(anchor.nodes);
    return anchor.node;
  }

  #countNodes(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > maxNodes) throw new YamlSyntaxError('yaml: document contains excessive aliasing');
  }

  #sequence(): JsonNode[] {
    const items: JsonNode[] = [];
    while (this.#peek()?.type !== EVENT_ID.POP) items.push(this.#node());
    this.#at++;
    return items;
  }

  #mapping(): JsonObject {
    const members = new Map<string, JsonNode>();
    const merges: JsonNode[] = [];
    while (this.#peek()?.type !== EVENT_ID.POP) {
      const start = this.#events[this.#at];
      const key = this.#key();
      const value = this.#node();
      if (key === 'merge') merges.push(value);
      else if (key.text === '\0null') throw unsupportedKey(value);
      else {
        if (members.has(key.text)) this.#duplicate(start, key.text);
        members.set(key.text, value);
      }
    }
    this.#at++;
    for (const merge of merges) mergeInto(members, merge);
    // Kubernetes goes through JSON here, whose keys Go sorts.
    return new JsonObject([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Turns a key into a string; a null key is told apart, for its message needs the value. */
  #key(): Key {
    const event = this.#peek();
    const isPlain = event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
    if (isPlain && getScalarValue(this.#text, event) === '<<') {
      this.#at++;
      return 'merge';
    }
    const node = this.#node();
    if (node === null) return { text: '\0null' };
    if (typeof node === 'string') return { text: node };
    if (typeof node === 'boolean') return { text: String(node) };
    if (node instanceof JsonNumber) return { text: node.text };
    throw new YamlSyntaxError(`yaml: invalid map key: ${JSON.stringify(plain(node))}`);
  }

  #duplicate(event: Event | undefined, key: string): void {
    if (this.#duplicates.length >= maxDuplicates) return;
    const offset = event?.type === EVENT_ID.SCALAR ? event.valueStart : 0;
    this.#duplicates.push(`line ${this.#lineOf(offset)}: key ${quote(key)} already set in map`);
  }

  /** Goes on counting from the last one that was asked for: the events come in the order of the text. */
  #lineOf(offset: number): number {
    for (let at = this.#nextBreak(); at >= 0 && at < offset; at = this.#nextBreak()) {
      this.#line++;
      this.#lineStart = at + 1;
    }
    return this.#line;
  }

  #nextBreak(): number {
    return this.#text.indexOf('\n', this.#lineStart);
  }

  #scalar(event: ScalarEvent): JsonNode {
    const text = getScalarValue(this.#text, event);
    if (event.tagStart >= 0) return tagged(this.#text.slice(event.tagStart, event.tagEnd), text);
    return event.style === SCALAR_STYLE.PLAIN ? resolve(text) : text;
  }
}

function unsupportedKey(value: JsonNode): YamlSyntaxError {
  const shown = typeof value === 'string' ? quote(value) : JSON.stringify(plain(value));
  return new YamlSyntaxError(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${shown}`);
}

/** What stands in the map itself wins over what is merged, and what is merged first over what comes later. */
function mergeInto(members: Map<string, JsonNode>, merge: JsonNode): void {
  const sources = Array.isArray(merge) ? merge : [merge];
  for (const source of sources) {
    if (!(source instanceof JsonObject))
      throw new YamlSyntaxError('yaml: map merge requires map or sequence of maps as the value');
    for (const [name, value] of source.members) if (!members.has(name)) members.set(name, value);
  }
}

const nulls = new Set(['', '~', 'null', 'Null', 'NULL']);
const booleans = new Map<string, boolean>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);
const integer = /^([-+]?)(?:0b([01]+)|0o?([0-7]+)|0x([\da-fA-F]+)|([1-9]\d*|0))$/;
const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const notFinite = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** What a plain scalar without a tag means. */
function resolve(text: string): JsonNode {
  if (nulls.has(text)) return null;
  const boolean = booleans.get(text);
  if (boolean !== undefined) return boolean;
  if (!/^[-+.\d]/.test(text)) return text;
  if (notFinite.test(text)) {
    const shown = text.startsWith('-') ? '-Inf' : /n$/i.test(text) ? 'NaN' : '+Inf';
    throw new YamlSyntaxError(`json: unsupported value: ${shown}`);
  }
  return number(text.replaceAll('_', '')) ?? text;
}

function number(text: string): JsonNumber | undefined {
  const match = integer.exec(text);
  if (match !== null) {
    const [, sign, binary, octal, hexadecimal, decimal] = match;
    const digits =
      binary === undefined
        ? octal === undefined
          ? hexadecimal === undefined
            ? decimal
            : `0x${hexadecimal}`
          : `0o${octal}`
        : `0b${binary}`;
    const value = BigInt(digits ?? 0) * (sign === '-' ? -1n : 1n);
    if (value < 2n ** 64n && value >= -(2n ** 63n)) return new JsonNumber(String(value));
  }
  return float.test(text) ? new JsonNumber(String(Number(text))) : undefined;
}

/** What a scalar with a tag means; tags that nobody knows make a string. */
function tagged(tag: string, text: string): JsonNode {
  const name = tag.startsWith('!<tag:yaml.org,2002:') ? `!!${tag.slice('!<tag:yaml.org,2002:'.length, -1)}` : tag;
  const resolved = resolve(text);
  const mistake = () => new YamlSyntaxError(`yaml: cannot decode !!str \`${text}\` as a ${name}`);
  switch (name) {
    case '!!int':
      if (!(resolved instanceof JsonNumber) || !/^-?\d+$/.test(resolved.text)) throw mistake();
      return resolved;
    case '!!float':
      if (!(resolved instanceof JsonNumber)) throw mistake();
      return resolved;
    case '!!bool':
      if (typeof resolved !== 'boolean') throw mistake();
      return resolved;
    case '!!null':
      if (resolved !== null) throw mistake();
      return null;
    case '!!binary':
      try {
        return new TextDecoder().decode(Uint8Array.fromBase64(text));
      } catch {
        throw new YamlSyntaxError('yaml: !!binary value contains invalid base64 data');
      }
    default:
      return text;
  }
}
