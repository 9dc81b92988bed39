import { dump } from 'js-yaml';
import { concat } from './body-pieces.ts';
import type { ValueFormat } from './value-format.ts';

type Envelope = Readonly<Record<string, unknown>>;

/** How JSON is laid out on its way out. Lists are laid out item by item, so that a long one does not hold up the loop. */
export interface TextFormat extends ValueFormat {
  /** One whole document, from the pieces of its compact JSON. */
  document(json: readonly Uint8Array[]): Uint8Array;
  listHead(envelope: Envelope, itemsKey: string, empty: boolean): Uint8Array;
  /** Appends one item, given as the pieces of its compact JSON. */
  appendItem(parts: Uint8Array[], json: readonly Uint8Array[], first: boolean): void;
  listTail(envelope: Envelope, itemsKey: string, empty: boolean): Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const comma = bytes(',');
const newline = bytes('\n');
const listEnd = bytes(']}\n');

export const compactFormat: TextFormat = {
  contentType: 'application/json',
  value: (value) => bytes(`${JSON.stringify(value)}\n`),
  document: (json) => concat([...json, newline]),
  listHead: (envelope, itemsKey) => bytes(`${JSON.stringify(envelope).slice(0, -1)},"${itemsKey}":[`),
  appendItem(parts, json, first) {
    if (!first) parts.push(comma);
    parts.push(...json);
  },
  listTail: () => listEnd,
};

/** For people: indented by two. */
export const prettyFormat: TextFormat = {
  contentType: 'application/json',
  value: (value) => bytes(`${JSON.stringify(value, null, 2)}\n`),
  document: (json) => bytes(`${JSON.stringify(parse(json), null, 2)}\n`),
  listHead: (envelope, itemsKey, empty) =>
    bytes(`${JSON.stringify(envelope, null, 2).slice(0, -2)},\n  "${itemsKey}": [${empty ? '' : '\n    '}`),
  appendItem(parts, json, first) {
    if (!first) parts.push(bytes(',\n    '));
    parts.push(bytes(JSON.stringify(parse(json), null, 2).replaceAll('\n', '\n    ')));
  },
  listTail: (_envelope, _itemsKey, empty) => bytes(empty ? ']\n}\n' : '\n  ]\n}\n'),
};

/** As Kubernetes writes it: keys sorted, lists not indented, double quotes. */
export const yamlFormat: TextFormat = {
  contentType: 'application/yaml',
  value: (value) => bytes(toYaml(JSON.parse(JSON.stringify(value)))),
  document: (json) => bytes(toYaml(parse(json))),
  listHead: (envelope, itemsKey, empty) =>
    bytes(`${toYaml(pick(envelope, (key) => key < itemsKey))}${itemsKey}:${empty ? ' []' : ''}\n`),
  appendItem(parts, json) {
    parts.push(bytes(toYaml([parse(json)])));
  },
  listTail: (envelope, itemsKey) => bytes(toYaml(pick(envelope, (key) => key > itemsKey))),
};

function pick(envelope: Envelope, wanted: (key: string) => boolean): Envelope {
  return Object.fromEntries(Object.entries(envelope).filter(([key, value]) => wanted(key) && value !== undefined));
}

function toYaml(value: unknown): string {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0)
    return '';
  return dump(value, { sortKeys: true, seqNoIndent: true, quoteStyle: 'double', noRefs: true, lineWidth: -1 });
}

function parse(json: readonly Uint8Array[]): unknown {
  return JSON.parse(decoder.decode(concat(json)));
}
