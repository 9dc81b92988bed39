import { say, styled } from './output.ts';

/** Named steps with their progress: one line that changes on a terminal, plain lines elsewhere. */
export class Steps {
  readonly #now: () => number;
  readonly #live = process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined;
  #name = '';
  #startedMs = 0;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Runs a step; `progress` says how far it is. An error names the step it happened in. */
  async run<T>(name: string, work: (progress: (text: string) => void) => Promise<T>): Promise<T> {
    this.#name = name;
    this.#startedMs = this.#now();
    if (this.#live) process.stderr.write(`  ${name} ...`);
    try {
      const result = await work((text) => this.#progress(text));
      this.#end(styled('green', '✓'), '');
      return result;
    } catch (error) {
      this.#end(styled('red', '✗'), '');
      throw error;
    }
  }

  #progress(text: string): void {
    if (this.#live) process.stderr.write(`\r\u001b[K  ${this.#name} ... ${styled('dim', text)}`);
  }

  #end(mark: string, text: string): void {
    const elapsedMs = this.#now() - this.#startedMs;
    const time = elapsedMs < 1000 ? `${Math.round(elapsedMs)} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
    if (this.#live) process.stderr.write('\r\u001b[K');
    say(`${mark} ${this.#name}${text} ${styled('dim', `(${time})`)}`);
  }
}
