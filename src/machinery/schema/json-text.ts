import { quote } from '../go-text.ts';
import { isMembers, setMember } from '../members.ts';

/** A number with the digits that were written, for `1.0` is no integer to Kubernetes. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object with all members that were written, duplicates too, in their order. */
export class JsonObject {
  readonly members: readonly (readonly [name: string, value: JsonNode])[];

  constructor(members: readonly (readonly [name: string, value: JsonNode])[]) {
    this.members = members;
  }
}

export type JsonNode = null | boolean | string | JsonNumber | readonly JsonNode[] | JsonObject;

/** How deep a document may be nested. */
export const maxJsonDepth = 1000;

/** What is wrong with a text that is no JSON, in Go's words. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
}

/** What a look at a text tells without parsing it. */
export interface JsonOutline {
  /** Members of all objects, duplicates included. */
  readonly members: number;
  /** Whether there are numbers with a fraction or an exponent, whose text JSON.parse does not keep. */
  readonly fractions: boolean;
  readonly depth: number;
}

/** Counts members of a text that JSON.parse accepted: when the parsed object has as many, no name was given twice. */
export function outlineJson(text: string): JsonOutline {
  let members = 0;
  let fractions = false;
  let level = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x3a:
        members++;
        break;
      case 0x2e:
        fractions = true;
        break;
      case 0x45:
      case 0x65: {
        const before = text.charCodeAt(at - 1);
        if (before >= 0x30 && before <= 0x39) fractions = true;
        break;
      }
      case 0x5b:
      case 0x7b:
        if (++level > depth) depth = level;
        break;
      case 0x5d:
      case 0x7d:
        level--;
        break;
    }
  }
  return { members, fractions, depth };
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Parses keeping everything that was written. Slower than JSON.parse by far; for when something is amiss. */
export function parseJsonNodes(text: string): JsonNode {
  return new Parser(text).document();
}

/** The plain value of a document; a member that was given twice has its last value. */
export function plain(node: JsonNode): unknown {
  if (node instanceof JsonNumber) return Number(node.text);
  if (Array.isArray(node)) return node.map(plain);
  if (!(node instanceof JsonObject)) return node;
  const result: Record<string, unknown> = {};
  for (const [name, member] of node.members) setMember(result, name, plain(member));
  return result;
}

const literals: Readonly<Record<string, readonly [text: string, value: null | boolean]>> = {
  n: ['null', null],
  t: ['true', true],
  f: ['false', false],
};
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** What a string cannot have between its quotes as it stands. */
const notVerbatim = /[\\\u0000-\u001f]/;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return value;
  }

  #value(): JsonNode {
    this.#space();
    const character = this.#text[this.#at] ?? '';
    if (character === '{') return this.#nested(() => this.#object());
    if (character === '[') return this.#nested(() => this.#array());
    if (character === '"') return this.#string();
    if (character === '-' || (character >= '0' && character <= '9')) return this.#number();
    const literal = Object.hasOwn(literals, character) ? literals[character] : undefined;
    if (literal === undefined) this.#fail('looking for beginning of value');
    for (const expected of literal[0]) {
      if (this.#text[this.#at] !== expected) this.#fail(`in literal ${literal[0]} (expecting ${show(expected)})`);
      this.#at++;
    }
    return literal[1];
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > maxJsonDepth) this.#fail('exceeded max depth');
    this.#at++;
    const result = parse();
    this.#depth--;
    return result;
  }

  #object(): JsonObject {
    const members: [string, JsonNode][] = [];
    if (this.#takes('}')) return new JsonObject(members);
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail('looking for beginning of object key string');
      const name = this.#string();
      if (!this.#takes(':')) this.#fail('after object key');
      members.push([name, this.#value()]);
      if (this.#takes('}')) return new JsonObject(members);
      if (!this.#takes(',')) this.#fail('after object key:value pair');
    }
  }

  #array(): JsonNode[] {
    const items: JsonNode[] = [];
    if (this.#takes(']')) return items;
    for (;;) {
      items.push(this.#value());
      if (this.#takes(']')) return items;
      if (!this.#takes(',')) this.#fail('after array element');
    }
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    const whole = end < 0 ? undefined : this.#text.slice(start, end);
    if (whole === undefined || notVerbatim.test(whole)) return this.#escapedString();
    this.#at = end + 1;
    return whole;
  }

  #escapedString(): string {
    let result = '';
    let from = ++this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code) || code < 0x20) this.#fail('in string literal');
      if (code === 0x22) return result + this.#text.slice(from, this.#at++);
      if (code !== 0x5c) {
        this.#at++;
        continue;
      }
      result += this.#text.slice(from, this.#at++) + this.#escape();
      from = this.#at;
    }
  }

  #escape(): string {
    const character = this.#text[this.#at] ?? '';
    if (Object.hasOwn(shortEscapes, character)) {
      this.#at++;
      return shortEscapes[character] ?? '';
    }
    if (character !== 'u') this.#fail('in string escape code');
    this.#at++;
    const start = this.#at;
    for (; this.#at < start + 4; this.#at++)
      if (!/^[\da-fA-F]$/.test(this.#text[this.#at] ?? '')) this.#fail('in \\u hexadecimal character escape');
    return String.fromCharCode(Number.parseInt(this.#text.slice(start, this.#at), 16));
  }

  #number(): JsonNumber {
    const start = this.#at;
    if (this.#text[this.#at] === '-') this.#at++;
    if (this.#text[this.#at] === '0') this.#at++;
    else this.#digits('in numeric literal');
    if (this.#text[this.#at] === '.') {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (this.#text[this.#at] === 'e' || this.#text[this.#at] === 'E') {
      this.#at++;
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++;
      this.#digits('in exponent of numeric literal');
    }
    return new JsonNumber(this.#text.slice(start, this.#at));
  }

  #digits(context: string): void {
    const start = this.#at;
    while (this.#text.charCodeAt(this.#at) >= 0x30 && this.#text.charCodeAt(this.#at) <= 0x39) this.#at++;
    if (this.#at === start) this.#fail(context);
  }

  #takes(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #fail(context: string): never {
    const character = this.#text.codePointAt(this.#at);
    if (character === undefined) throw new JsonSyntaxError('unexpected end of JSON input');
    throw new JsonSyntaxError(`invalid character ${show(firstByte(character))} ${context}`);
  }
}

/** Go reads bytes: of a character outside ASCII it names the first byte, taken for Latin-1. */
function firstByte(code: number): string {
  return String.fromCodePoint(code < 0x80 ? code : (new TextEncoder().encode(String.fromCodePoint(code))[0] ?? code));
}

function show(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  return `'${quote(character).slice(1, -1)}'`;
}

/** A plain value as nodes, where it must be looked at the exact way. */
export function toNodes(value: unknown): JsonNode {
  if (typeof value === 'number') return new JsonNumber(String(value));
  if (Array.isArray(value)) return value.map(toNodes);
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string' || typeof value === 'boolean' ? value : null;
  return new JsonObject(Object.entries(value).map(([name, member]) => [name, toNodes(member)] as const));
}

/** Names that were given twice anywhere in a document: `duplicate field "data.a"`. */
export function duplicateFields(node: JsonNode, path = ''): readonly string[] {
  if (Array.isArray(node)) return node.flatMap((item: JsonNode, index) => duplicateFields(item, `${path}[${index}]`));
  if (!(node instanceof JsonObject)) return [];
  const seen = new Set<string>();
  const result: string[] = [];
  for (const [name, member] of node.members) {
    const at = path === '' ? name : `${path}.${name}`;
    if (seen.has(name)) result.push(`duplicate field ${quote(at)}`);
    seen.add(name);
    result.push(...duplicateFields(member, at));
  }
  return result;
}

/** Members of all objects in a parsed value. */
export function countMembers(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + countMembers(item), 0);
  if (!isMembers(value)) return 0;
  let members = 0;
  for (const name in value) members += 1 + countMembers(value[name]);
  return members;
}
