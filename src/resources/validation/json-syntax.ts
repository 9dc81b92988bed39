import { quote } from '../../machinery/go-text.ts';

/** What Go's JSON reader says about a text that is not well formed; undefined when it is. */
export function jsonSyntaxError(text: string): string | undefined {
  const scanner = new Scanner(text);
  return scanner.document() ? undefined : scanner.message;
}

/** What stops a text from being read as a JSON object: its syntax, or that it is of another type. null will do. */
export function jsonObjectError(text: string): string | undefined {
  const error = jsonSyntaxError(text);
  if (error !== undefined) return error;
  const value: unknown = JSON.parse(text);
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
}

class Scanner {
  readonly #text: string;
  #at = 0;
  message = '';

  constructor(text: string) {
    this.#text = text;
  }

  document(): boolean {
    if (!this.#value()) return false;
    this.#space();
    return this.#at === this.#text.length || this.#fail('after top-level value');
  }

  #value(): boolean {
    this.#space();
    const character = this.#peek();
    if (character === '{') return this.#object();
    if (character === '[') return this.#array();
    if (character === '"') return this.#string();
    if (character === 't') return this.#literal('true');
    if (character === 'f') return this.#literal('false');
    if (character === 'n') return this.#literal('null');
    if (character === '-' || isDigit(character)) return this.#number();
    return this.#fail('looking for beginning of value');
  }

  #object(): boolean {
    this.#at++;
    this.#space();
    if (this.#take('}')) return true;
    for (;;) {
      this.#space();
      if (this.#peek() !== '"') return this.#fail('looking for beginning of object key string');
      if (!this.#string()) return false;
      this.#space();
      if (!this.#take(':')) return this.#fail('after object key');
      if (!this.#value()) return false;
      this.#space();
      if (this.#take('}')) return true;
      if (!this.#take(',')) return this.#fail('after object key:value pair');
    }
  }

  #array(): boolean {
    this.#at++;
    this.#space();
    if (this.#take(']')) return true;
    for (;;) {
      if (!this.#value()) return false;
      this.#space();
      if (this.#take(']')) return true;
      if (!this.#take(',')) return this.#fail('after array element');
    }
  }

  #string(): boolean {
    this.#at++;
    for (;;) {
      const character = this.#peek();
      if (character === undefined || character < ' ') return this.#fail('in string literal');
      this.#at++;
      if (character === '"') return true;
      if (character === '\\' && !this.#escape()) return false;
    }
  }

  #escape(): boolean {
    const character = this.#peek();
    if (character === undefined || !'bfnrt\\/"u'.includes(character)) return this.#fail('in string escape code', true);
    this.#at++;
    if (character !== 'u') return true;
    for (let digit = 0; digit < 4; digit++) {
      if (!/^[0-9a-fA-F]$/.test(this.#peek() ?? '')) return this.#fail('in \\u hexadecimal character escape', true);
      this.#at++;
    }
    return true;
  }

  #literal(word: string): boolean {
    for (const expected of word)
      if (!this.#take(expected)) return this.#fail(`in literal ${word} (expecting '${expected}')`, true);
    return true;
  }

  #number(): boolean {
    this.#take('-');
    if (!this.#take('0') && !this.#digits()) return this.#fail('in numeric literal', true);
    if (this.#take('.') && !this.#digits()) return this.#fail('after decimal point in numeric literal', true);
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('+')) this.#take('-');
      if (!this.#digits()) return this.#fail('in exponent of numeric literal', true);
    }
    return true;
  }

  #digits(): boolean {
    const start = this.#at;
    while (isDigit(this.#peek())) this.#at++;
    return this.#at > start;
  }

  #space(): void {
    for (let next = this.#peek(); next !== undefined && ' \t\r\n'.includes(next); next = this.#peek()) this.#at++;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  /** `insideToken`: Go feeds itself a space at the end of the text, which is wrong inside numbers, words and escapes. */
  #fail(context: string, insideToken = false): false {
    const character = this.#peek() ?? (insideToken ? ' ' : undefined);
    this.message =
      character === undefined ? 'unexpected end of JSON input' : `invalid character ${quoted(character)} ${context}`;
    return false;
  }
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** Go looks at bytes and shows the one it stopped at as a character of its own. */
function quoted(character: string): string {
  const [byte = 0] = new TextEncoder().encode(character);
  const shown = String.fromCharCode(byte);
  if (shown === "'") return "'\\''";
  return shown === '"' ? `'"'` : `'${quote(shown).slice(1, -1)}'`;
}
