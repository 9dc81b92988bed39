import { isMembers, ownMember } from './members.ts';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'recursive' }
  | {
      readonly kind: 'slice';
      readonly start: number | undefined;
      readonly end: number | undefined;
      readonly step: number;
    }
  | { readonly kind: 'union'; readonly branches: readonly Step[] }
  | { readonly kind: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand | undefined };

type Operand =
  | { readonly kind: 'path'; readonly steps: readonly Step[] }
  | { readonly kind: 'literal'; readonly value: unknown };

const maxLength = 10_000;

/**
 * A path into an object in kubectl's dialect of JSONPath, as columns and selectable fields of custom resources use it:
 * `.status.conditions[?(@.type=="Ready")].status`, `.spec.ports[*].port`, `..name`, `['a.b']`, `[-1]`, `[0:2]`, `.a\.b`.
 */
export class JsonPath {
  readonly #steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /** Everything that the path leads to, in the order of the object; nothing where members or items are missing. */
  find(value: unknown): readonly unknown[] {
    return walk(this.#steps, [value]);
  }
}

/** Compiles a path, with or without braces and a leading `$`. Throws an Error that says what is wrong with it. */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > maxLength) throw new Error('invalid syntax');
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1).trim() : text;
  return new JsonPath(new Parser(bare).path());
}

function walk(steps: readonly Step[], values: readonly unknown[]): readonly unknown[] {
  return steps.reduce((found, step) => found.flatMap((value) => take(step, value)), values);
}

function take(step: Step, value: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'field': {
      const member = isMembers(value) ? ownMember(value, step.name) : undefined;
      return member === undefined ? [] : [member];
    }
    case 'wildcard':
      return childrenOf(value);
    case 'recursive':
      return [value, ...childrenOf(value).flatMap((child) => take(step, child))];
    case 'slice':
      return slice(step, value);
    case 'union':
      return step.branches.flatMap((branch) => take(branch, value));
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => holds(step, item)) : [];
  }
}

function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isMembers(value) ? Object.values(value) : [];
}

function slice(step: Extract<Step, { kind: 'slice' }>, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) return [];
  const at = (index: number) => (index < 0 ? index + value.length : index);
  const start = Math.max(0, at(step.start ?? 0));
  const end = Math.min(value.length, step.end === undefined ? value.length : at(step.end));
  const result: unknown[] = [];
  for (let index = start; index < end; index += step.step) result.push(value[index]);
  return result;
}

function holds(step: Extract<Step, { kind: 'filter' }>, item: unknown): boolean {
  const left = operandValues(step.left, item);
  if (step.right === undefined) return left.length > 0;
  const right = operandValues(step.right, item);
  const [a, b] = [left[0], right[0]];
  if (left.length === 0 || right.length === 0) return step.operator === '!=' && left.length !== right.length;
  switch (step.operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
      return comparable(a, b) && inOrder(a, b, step.operator);
  }
}

function operandValues(operand: Operand, item: unknown): readonly unknown[] {
  return operand.kind === 'literal' ? [operand.value] : walk(operand.steps, [item]);
}

type Comparable = string | number;

function comparable(a: unknown, b: unknown): a is Comparable {
  return typeof a === typeof b && (typeof a === 'string' || typeof a === 'number');
}

function inOrder(a: unknown, b: unknown, operator: string): boolean {
  const [left, right] = [a as Comparable, b as Comparable];
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}

const name = /(?:\\.|[^\s.[\]{}()'",=<>!*\\$@])+/y;
const brackets = /\[\s*(?:(\*)|(-?\d*)\s*(:)\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?|(-?\d+))\s*\]/y;
const quoted = /\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*/y;
const operators = /\s*(==|!=|<=|>=|<|>)\s*/y;
const literal = /\s*(true|false|-?\d+(?:\.\d+)?)\s*/y;
const unionIndex = /\s*(-?\d+)\s*/y;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  path(): readonly Step[] {
    if (this.#peek() === '$' || this.#peek() === '@') this.#at++;
    // The first dot may be left out.
    name.lastIndex = this.#at;
    const first = name.test(this.#text) ? [this.#field()] : [];
    const steps = [...first, ...this.#steps()];
    if (this.#at < this.#text.length) {
      const character = this.#text.codePointAt(this.#at) ?? 0;
      const code = character.toString(16).toUpperCase().padStart(4, '0');
      throw new Error(`unrecognized character in action: U+${code} '${String.fromCodePoint(character)}'`);
    }
    return steps;
  }

  #steps(): readonly Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.#takes('..')) {
        if (this.#peek() === '.') throw new Error('invalid multiple recursive descent');
        steps.push({ kind: 'recursive' });
        if (this.#peek() !== '[') steps.push(this.#field());
      } else if (this.#takes('.')) {
        // A dot alone is the object itself, and one before brackets says nothing.
        if (this.#at < this.#text.length && this.#peek() !== '[' && !/[\s)=<>!]/.test(this.#peek()))
          steps.push(this.#field());
      } else if (this.#peek() === '[') steps.push(this.#brackets());
      else return steps;
    }
  }

  #field(): Step {
    if (this.#takes('*')) return { kind: 'wildcard' };
    const match = this.#match(name);
    if (match === undefined) throw new Error('invalid syntax');
    return { kind: 'field', name: match[0].replaceAll(/\\(.)/g, '$1') };
  }

  #brackets(): Step {
    const match = this.#match(brackets);
    if (match !== undefined) return fromBrackets(match);
    this.#at++;
    this.#space();
    if (this.#takes('?')) return this.#filter();
    const branches: Step[] = [];
    do branches.push(this.#branch());
    while (this.#takes(','));
    if (!this.#takes(']')) throw new Error(this.#at >= this.#text.length ? 'unterminated array' : this.#invalidIndex());
    const [only, ...others] = branches;
    return only !== undefined && others.length === 0 ? only : { kind: 'union', branches };
  }

  #branch(): Step {
    const text = this.#quoted();
    if (text !== undefined) return { kind: 'field', name: text };
    const index = this.#match(unionIndex)?.[1];
    if (index !== undefined) return indexStep(Number(index));
    throw new Error(this.#at >= this.#text.length ? 'unterminated array' : this.#invalidIndex());
  }

  #filter(): Step {
    if (!this.#takes('(')) throw new Error('invalid syntax');
    const left = this.#operand();
    const operator = this.#match(operators)?.[1];
    const right = operator === undefined ? undefined : this.#operand();
    this.#space();
    if (!this.#takes(')')) throw new Error('unterminated filter');
    this.#space();
    if (!this.#takes(']')) throw new Error('unclosed array expect ]');
    return { kind: 'filter', left, operator: operator ?? '', right };
  }

  #operand(): Operand {
    const text = this.#quoted();
    if (text !== undefined) return { kind: 'literal', value: text };
    const value = this.#match(literal)?.[1];
    if (value !== undefined) return { kind: 'literal', value: JSON.parse(value) };
    this.#space();
    if (!this.#takes('@') && !this.#takes('$')) throw new Error('unterminated filter');
    return { kind: 'path', steps: this.#steps() };
  }

  #quoted(): string | undefined {
    const match = this.#match(quoted);
    return match === undefined ? undefined : (match[1] ?? match[2] ?? '').replaceAll(/\\(.)/g, '$1');
  }

  #invalidIndex(): string {
    const end = this.#text.indexOf(']', this.#at);
    return end < 0 ? 'unterminated array' : `invalid array index ${this.#text.slice(this.#at, end)}`;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match !== undefined) this.#at += match[0].length;
    return match;
  }

  #takes(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #space(): void {
    while (this.#peek() === ' ') this.#at++;
  }
}

function fromBrackets(match: RegExpExecArray): Step {
  const [, star, start, colon, end, step, index] = match;
  if (star !== undefined) return { kind: 'wildcard' };
  if (colon === undefined) return indexStep(Number(index));
  const number = (text: string | undefined) => (text === undefined || text === '' ? undefined : Number(text));
  const by = number(step) ?? 1;
  if (by <= 0) throw new Error('step must be > 0');
  return { kind: 'slice', start: number(start), end: number(end), step: by };
}

/** One item, as the slice of length one that it is. */
function indexStep(index: number): Step {
  return { kind: 'slice', start: index, end: index === -1 ? undefined : index + 1, step: 1 };
}
