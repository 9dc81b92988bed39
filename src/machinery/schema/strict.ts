import { quote } from '../go-text.ts';
import { isMembers, setMember } from '../members.ts';
import { quantityProblem } from '../quantity.ts';
import { canonicalTime } from '../time.ts';
import { base64Problem } from './base64.ts';
import { goStructName, goType } from './go-types.ts';
import { type JsonNode, JsonNumber, JsonObject, plain } from './json-text.ts';
import type { FieldSchema, MapSchema, ScalarSchema, Schema, StructSchema } from './schema.ts';

/** What an exact look at a document found. */
export interface StrictResult {
  /** Why the document cannot be read as this type at all, in Go's words. */
  readonly failure: string | undefined;
  /** Unknown and duplicate fields, in the order of the document: `unknown field "spec.foo"`. */
  readonly strictErrors: readonly string[];
  /** The document without what is unknown or of a wrong type; duplicates are merged as Go does. */
  readonly value: Record<string, unknown>;
}

const maxStrictErrors = 100;

/** Reads a document the exact way, to word what is wrong with it. `normalise` is the fast way, for documents without fault. */
export function decodeStrictly(schema: StructSchema, document: JsonObject): StrictResult {
  const decoder = new StrictDecoder();
  try {
    const value = decoder.struct(schema, document, '', undefined);
    return { failure: decoder.failure, strictErrors: decoder.strictErrors, value };
  } catch (error) {
    if (!(error instanceof Abort)) throw error;
    return { failure: error.message, strictErrors: decoder.strictErrors, value: {} };
  }
}

/** A type that decodes itself refuses: Go stops there, whatever else was wrong before. */
class Abort extends Error {}

class StrictDecoder {
  /** The first value of a wrong type; decoding goes on behind it. */
  failure: string | undefined;
  readonly strictErrors: string[] = [];
  readonly #seenStrictErrors = new Set<string>();
  readonly #fieldStack: string[] = [];
  #struct = '';

  struct(
    schema: StructSchema,
    document: JsonObject,
    path: string,
    into: Record<string, unknown> | undefined,
  ): Record<string, unknown> {
    const result = into ?? {};
    const seen = new Set<string>();
    const outer = this.#struct;
    for (const [name, node] of document.members) {
      const at = path === '' ? name : `${path}.${name}`;
      const field = schema.fields.get(name);
      if (field === undefined) this.#strict('unknown', at);
      else {
        if (seen.has(name)) this.#strict('duplicate', at);
        seen.add(name);
        this.#struct = goStructName(schema.name);
        this.#fieldStack.push(field.inlinedFrom === undefined ? name : `${field.inlinedFrom}.${name}`);
        this.#field(field, node, at, result);
        this.#fieldStack.pop();
      }
    }
    this.#struct = outer;
    return result;
  }

  #field(field: FieldSchema, node: JsonNode, path: string, into: Record<string, unknown>): void {
    // Null leaves a field as it is.
    if (node === null) return;
    const value = this.#value(field.schema, node, path, into[field.name]);
    if (value !== undefined) into[field.name] = value;
  }

  #value(schema: Schema, node: JsonNode, path: string, before: unknown): unknown {
    switch (schema.kind) {
      case 'any':
        return plain(node);
      case 'scalar':
        return this.#scalar(schema, node);
      case 'list':
        if (!Array.isArray(node)) return this.#mismatch(schema, node);
        return node.map((item: JsonNode, index) =>
          item === null ? null : (this.#value(schema.items, item, `${path}[${index}]`, undefined) ?? null),
        );
      case 'struct':
        if (!(node instanceof JsonObject)) return this.#mismatch(schema, node);
        return this.struct(schema, node, path, isMembers(before) ? (before as Record<string, unknown>) : undefined);
      case 'map':
        if (!(node instanceof JsonObject)) return this.#mismatch(schema, node);
        return this.#map(schema, node, path, isMembers(before) ? (before as Record<string, unknown>) : {});
    }
  }

  #map(schema: MapSchema, document: JsonObject, path: string, into: Record<string, unknown>): Record<string, unknown> {
    const seen = new Set<string>();
    for (const [key, node] of document.members) {
      const at = `${path}.${key}`;
      if (seen.has(key)) this.#strict('duplicate', at);
      seen.add(key);
      const value = node === null ? null : this.#value(schema.values, node, at, undefined);
      if (value !== undefined) setMember(into, key, value);
    }
    return into;
  }

  #scalar(schema: ScalarSchema, node: JsonNode): unknown {
    switch (schema.type) {
      case 'string':
        return typeof node === 'string' ? node : this.#mismatch(schema, node);
      case 'bool':
        return typeof node === 'boolean' ? node : this.#mismatch(schema, node);
      case 'int32':
      case 'int64':
        return node instanceof JsonNumber && fits(node.text, schema.type)
          ? Number(node.text)
          : this.#mismatch(schema, node, true);
      case 'double':
        return node instanceof JsonNumber ? Number(node.text) : this.#mismatch(schema, node);
      case 'bytes':
        return typeof node === 'string' ? this.#bytes(node) : this.#mismatch(schema, node);
      case 'time':
      case 'microTime':
        return this.#time(schema, node);
      case 'duration':
        if (typeof node !== 'string') throw new Abort(this.#typeError(schema, node, false));
        return node;
      case 'quantity':
        return quantity(node);
      case 'intOrString':
        if (typeof node === 'string') return node;
        if (node instanceof JsonNumber && fits(node.text, 'int32')) return Number(node.text);
        throw new Abort(this.#typeError(schema, node, true));
    }
  }

  #time(schema: ScalarSchema, node: JsonNode): string {
    if (typeof node !== 'string') throw new Abort(this.#typeError(schema, node, false));
    const time = canonicalTime(node, schema.type === 'time' ? 'seconds' : 'microseconds');
    if (typeof time === 'object' && time !== null) throw new Abort(time.problem);
    return node;
  }

  #bytes(text: string): string | undefined {
    const problem = base64Problem(text);
    if (problem === undefined) return text;
    this.failure ??= `illegal base64 data at input byte ${problem}`;
    return undefined;
  }

  #mismatch(schema: Schema, node: JsonNode, withNumber = false): undefined {
    this.failure ??= this.#typeError(schema, node, withNumber);
    return undefined;
  }

  /** `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32` */
  #typeError(schema: Schema, node: JsonNode, withNumber: boolean): string {
    const what = node instanceof JsonNumber && withNumber ? `number ${node.text}` : kindOf(node);
    return `json: cannot unmarshal ${what} into Go struct field ${this.#struct}.${this.#fieldStack.join('.')} of type ${goType(schema)}`;
  }

  /** Nothing is worded beyond the bound: a document may have a million faults, each at a path of a million characters. */
  #strict(what: 'unknown' | 'duplicate', path: string): void {
    if (this.strictErrors.length >= maxStrictErrors) return;
    const message = `${what} field ${quote(path)}`;
    if (this.#seenStrictErrors.has(message)) return;
    this.#seenStrictErrors.add(message);
    this.strictErrors.push(message);
  }
}

/** How Go names the kind of a JSON value. */
export function kindOf(node: JsonNode): string {
  if (node instanceof JsonNumber) return 'number';
  if (node instanceof JsonObject) return 'object';
  if (Array.isArray(node)) return 'array';
  return typeof node === 'boolean' ? 'bool' : 'string';
}

function fits(text: string, type: 'int32' | 'int64'): boolean {
  if (!/^-?\d+$/.test(text) || text.length > 20) return false;
  const value = BigInt(text);
  return BigInt.asIntN(type === 'int32' ? 32 : 64, value) === value;
}

/** A quantity keeps the digits of a number. */
function quantity(node: JsonNode): string {
  const text = typeof node === 'string' ? node : node instanceof JsonNumber ? node.text : '{}';
  const problem = quantityProblem(text);
  if (problem !== undefined) throw new Abort(problem);
  return text;
}
