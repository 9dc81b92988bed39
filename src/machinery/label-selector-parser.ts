import { formatFieldErrors, invalid } from './field-errors.ts';
import {
  checkedRequirement,
  everything,
  LabelSelector,
  type SelectorOperator,
  type SelectorRequirement,
} from './label-selector.ts';
import { qualifiedName } from './names.ts';
import { badRequest } from './status-errors.ts';

type TokenKind = 'identifier' | 'end' | 'error' | SelectorOperator | '(' | ')' | ',' | '>' | '<';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const keywords: Readonly<Record<string, TokenKind>> = {
  ')': ')',
  ',': ',',
  '!': '!',
  '==': '==',
  '=': '=',
  '>': '>',
  in: 'in',
  '<': '<',
  '!=': '!=',
  notin: 'notin',
  '(': '(',
};
const binary = new Map<TokenKind, SelectorOperator>([
  ['in', 'in'],
  ['=', '='],
  ['==', '=='],
  ['>', 'gt'],
  ['<', 'lt'],
  ['notin', 'notin'],
  ['!=', '!='],
]);

/** Selectors come in a query; nobody writes one this long. */
const longestSelector = 64 * 1024;

/**
 * Compiles the string form: `app=web,tier in (a,b),!old`; nothing selects everything.
 * Throws a bad request with Kubernetes' message.
 */
export function parseLabelSelector(text: string): LabelSelector {
  if (text === '') return everything;
  if (text.length > longestSelector) throw badRequest(`label selector is longer than ${longestSelector} characters`);
  try {
    return new LabelSelector(new Parser(tokens(text)).parse());
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function tokens(text: string): Token[] {
  const result: Token[] = [];
  const words = /[ \t\r\n]*(?:([=!(),><]+)|([^=!(),> <\t\r\n\0]+)|$)/y;
  for (;;) {
    const match = words.exec(text);
    if (match === null || (match[1] === undefined && match[2] === undefined)) break;
    if (match[2] !== undefined) {
      result.push({
        kind: Object.hasOwn(keywords, match[2]) ? (keywords[match[2]] ?? 'error') : 'identifier',
        text: match[2],
      });
      continue;
    }
    const symbol = longestSymbol(match[1] ?? '');
    words.lastIndex += symbol.length - (match[1] ?? '').length;
    result.push({ kind: keywords[symbol] ?? 'error', text: symbol });
  }
  result.push({ kind: 'end', text: '' });
  return result;
}

/** Two characters when they are an operator together, else one. */
function longestSymbol(symbols: string): string {
  return Object.hasOwn(keywords, symbols.slice(0, 2)) ? symbols.slice(0, 2) : symbols.slice(0, 1);
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(input: readonly Token[]) {
    this.#tokens = input;
  }

  parse(): SelectorRequirement[] {
    const requirements: SelectorRequirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.kind === 'end') return requirements;
      if (first.kind !== 'identifier' && first.kind !== '!')
        throw new Error(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#inRequirement());
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',') throw new Error(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'identifier' && after.kind !== '!')
        throw new Error(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #inRequirement(): SelectorRequirement {
    try {
      return this.#requirement();
    } catch (error) {
      throw new Error(`unable to parse requirement: ${error instanceof Error ? error.message : error}`);
    }
  }

  #requirement(): SelectorRequirement {
    const negated = this.#peek().kind === '!';
    if (negated) this.#take();
    const key = this.#take();
    if (key.kind !== 'identifier') throw new Error(`found '${key.text}', expected: identifier`);
    const problems = qualifiedName(key.text);
    // Kubernetes prints its path here, which is none.
    if (problems.length > 0) throw new Error(formatFieldErrors([invalid('<nil>', key.text, problems.join('; '))]));
    if (negated) return checkedRequirement(key.text, '!', []);
    const next = this.#peek().kind;
    if (next === 'end' || next === ',') return checkedRequirement(key.text, 'exists', []);
    const token = this.#takeOperator();
    const operator = binary.get(token.kind);
    if (operator === undefined) throw new Error(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`);
    const set = operator === 'in' || operator === 'notin';
    return checkedRequirement(key.text, operator, set ? this.#values() : [this.#exactValue()]);
  }

  #exactValue(): string {
    const next = this.#peek().kind;
    if (next === 'end' || next === ',') return '';
    const token = this.#take();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  /** `(a,b)`; a place with nothing in it is the empty string. */
  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') throw new Error(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ')') {
      this.#take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',')
      throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = new Set<string>();
    for (;;) {
      const token = this.#take();
      const next = this.#peek();
      if (token.kind === 'identifier') {
        values.add(token.text);
        if (next.kind !== ',' && next.kind !== ')') throw new Error(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.size === 0 || next.kind === ',' || next.kind === ')') values.add('');
      } else if (token.kind !== ')') throw new Error(`found '${token.text}', expected: ',', or identifier`);
      if (next.kind !== ')') continue;
      this.#take();
      return [...values];
    }
  }

  /** `in` and `notin` are words like any other, except between a key and its values. */
  #peek(): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'end', text: '' };
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #takeOperator(): Token {
    return this.#tokens[this.#at++] ?? { kind: 'end', text: '' };
  }
}
