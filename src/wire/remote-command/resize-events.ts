import type { TerminalSize } from './exec-streams.ts';

/** No terminal is larger; a number beyond is nonsense. */
const maximumSide = 0xffff;

/** Sizes as they come over the resize channel: JSON objects of Width and Height, one after another, however they are cut. */
export class ResizeEvents {
  #text = '';
  #last: TerminalSize | undefined;
  #callback: ((size: TerminalSize) => void) | undefined;

  onResize(callback: (size: TerminalSize) => void): void {
    this.#callback = callback;
    if (this.#last !== undefined) callback(this.#last);
  }

  push(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
    for (let end = this.#text.indexOf('}'); end >= 0; end = this.#text.indexOf('}')) {
      this.#accept(this.#text.slice(0, end + 1));
      this.#text = this.#text.slice(end + 1);
    }
    // An event has some 30 characters: what goes on without an end is none.
    if (this.#text.length > 1024) this.#text = '';
  }

  #accept(text: string): void {
    const size = parse(text);
    if (size === undefined) return;
    this.#last = size;
    this.#callback?.(size);
  }
}

export function formatResize(size: TerminalSize): Buffer {
  return Buffer.from(`${JSON.stringify({ Width: size.width, Height: size.height })}\n`);
}

function parse(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    const fits = (side: unknown): side is number =>
      Number.isInteger(side) && (side as number) > 0 && (side as number) <= maximumSide;
    return fits(width) && fits(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
