/** The attributes that hold a link, by element (HTML 4, index of attributes, and HTML 5). */
const linksOf: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Between the tags of these is text alone, whatever it looks like. */
const rawText: ReadonlySet<string> = new Set([
  'iframe',
  'noembed',
  'noframes',
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
]);

/** A tag or comment that is not over by then is passed on as it is. */
const mostTagBytes = 64 << 10;

/**
 * Changes the links in a page of HTML as it comes, and nothing else of it. Bytes are taken for Latin-1, which leaves each of them as it
 * is: names and the beginnings of links are ASCII in all encodings that are in use.
 */
export class HtmlLinks {
  readonly #rewrite: (link: string) => string;
  #rest = '';
  /** Whose end is awaited. */
  #raw: string | undefined;

  constructor(rewrite: (link: string) => string) {
    this.#rewrite = rewrite;
  }

  /** What can be passed on after this piece has come. */
  push(chunk: Uint8Array): Buffer {
    this.#rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    let out = '';
    let from = 0;
    for (;;) {
      const step = this.#raw === undefined ? this.#markup(from) : this.#text(from, this.#raw);
      out += step.text;
      if (step.next === from) break;
      from = step.next;
    }
    this.#rest = this.#rest.slice(from);
    if (this.#rest.length > mostTagBytes) out += this.end().toString('latin1');
    return Buffer.from(out, 'latin1');
  }

  /** What was held back. */
  end(): Buffer {
    const rest = Buffer.from(this.#rest, 'latin1');
    this.#rest = '';
    return rest;
  }

  /** Up to and with the next tag or comment; `next` is `from` when more has to come first. */
  #markup(from: number): Step {
    const page = this.#rest;
    const open = page.indexOf('<', from);
    if (open < 0) return { text: page.slice(from), next: page.length };
    if (open > from) return { text: page.slice(from, open), next: open };
    if (page.length < from + 4) return { text: '', next: from };
    if (page.startsWith('<!--', from)) return this.#until('-->', from);
    if (page[from + 1] === '!' || page[from + 1] === '?') return this.#until('>', from);
    const name = /^<([a-z][^\s/>]*)/i.exec(page.slice(from, from + 64))?.[1]?.toLowerCase();
    if (name === undefined) return { text: '<', next: from + 1 };
    const end = endOfTag(page, from);
    if (end < 0) return { text: '', next: from };
    if (rawText.has(name)) this.#raw = name;
    const tag = page.slice(from, end);
    const links = linksOf[name];
    return { text: links === undefined ? tag : this.#rewritten(tag, name, links), next: end };
  }

  /** Text up to the tag that ends it. */
  #text(from: number, element: string): Step {
    const page = this.#rest;
    const end = page.toLowerCase().indexOf(`</${element}`, from);
    if (end < 0) {
      // The beginning of that tag may be what has come last.
      const sure = Math.max(from, page.length - element.length - 1);
      return { text: page.slice(from, sure), next: sure };
    }
    this.#raw = undefined;
    const next = end + element.length + 2;
    return { text: page.slice(from, next), next };
  }

  #until(mark: string, from: number): Step {
    const at = this.#rest.indexOf(mark, from);
    if (at < 0) return { text: '', next: from };
    const next = at + mark.length;
    return { text: this.#rest.slice(from, next), next };
  }

  #rewritten(tag: string, name: string, links: readonly string[]): string {
    const attributes = /([^\s/>=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>"']+)|[^\s/>=]+/g;
    return (
      tag.slice(0, name.length + 1) +
      tag.slice(name.length + 1).replace(attributes, (whole, key?: string, equals?: string, value?: string) => {
        if (key === undefined || value === undefined || !links.includes(key.toLowerCase())) return whole;
        const quoted = value.startsWith('"') || value.startsWith("'") ? value.slice(0, 1) : '';
        const link = quoted === '' ? value : value.slice(1, -1);
        return `${key}${equals}${quoted}${this.#rewrite(link)}${quoted}`;
      })
    );
  }
}

interface Step {
  readonly text: string;
  readonly next: number;
}

/** Behind the `>` that ends the tag which begins here, and not behind one in a quoted value; -1 when it has not come. */
function endOfTag(page: string, from: number): number {
  let quote = '';
  for (let at = from + 1; at < page.length; at++) {
    const char = page[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '>') return at + 1;
    else if ((char === '"' || char === "'") && /=\s*$/.test(page.slice(Math.max(from, at - 16), at))) quote = char;
  }
  return -1;
}
