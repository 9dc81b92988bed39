import { stableJson } from './hash.ts';

/** Letters, marks, numbers, punctuation, symbols and the ASCII space: what Go calls printable. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const plain = /^[ !#-[\]-~]*$/;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** Whether Go's unicode.IsPrint says yes to this one character. */
export function isPrintable(character: string): boolean {
  return printable.test(character);
}

/** A string as `%q` writes it in the messages of Kubernetes. */
export function quote(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  let result = '"';
  for (const character of text.toWellFormed()) {
    const short = shortEscapes[character];
    if (short !== undefined) result += short;
    else if (printable.test(character)) result += character;
    else result += escapeCode(character.codePointAt(0) ?? 0);
  }
  return `${result}"`;
}

function escapeCode(code: number): string {
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** JSON as Go writes structs: no white space, `<`, `>`, `&` and the line separators escaped. Keys keep their order. */
export function goJson(value: unknown): string {
  return escapeMarkup(JSON.stringify(value) ?? 'null');
}

/** JSON as Go writes maps: the same with sorted keys. */
export function goSortedJson(value: unknown): string {
  return escapeMarkup(stableJson(value));
}

/** JSON with what a browser might take for markup escaped, as Go writes it. */
export function escapeMarkup(json: string): string {
  return json.replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const encoder = new TextEncoder();

/** The length in bytes of UTF-8: how Go measures strings. */
export function byteLength(text: string): number {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return encoder.encode(text).length;
  return text.length;
}

/** A JSON value as `%v` prints it: `map[a:1 b:[x y]]`, keys sorted. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${members.map(([key, member]) => `${key}:${goValue(member)}`).join(' ')}]`;
}
