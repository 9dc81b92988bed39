import type { Outcome } from './run-folder.ts';

const rule = /^-{20,}$/;
const end = /^• (\[\w+\] )?\[[\d.]+ seconds\]$/;

/**
 * Finds in what Ginkgo writes, line by line, which test has ended and how. The name stands below the line of the end where several tests
 * run at a time, and where there is one at a time, of a test that passed, below the rule at its beginning.
 */
export class ProgressReader {
  readonly #tests: readonly string[];
  readonly #onEnd: (test: string, outcome: Outcome) => void;
  #previous = '';
  #begun: string | undefined;
  #rest = '';

  constructor(tests: readonly string[], onEnd: (test: string, outcome: Outcome) => void) {
    // A name may begin with another one.
    this.#tests = tests.toSorted((a, b) => b.length - a.length);
    this.#onEnd = onEnd;
  }

  read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    const [ended, mark] = end.exec(this.#previous) ?? [];
    if (ended !== undefined) {
      const test = this.#testIn(line) ?? this.#begun;
      if (test !== undefined) this.#onEnd(test, mark === undefined ? 'passed' : 'failed');
    } else if (rule.test(this.#previous)) this.#begun = this.#testIn(line);
    this.#previous = line;
  }

  /** Of a line such as `[sig-node] Pods [It] should be updated [Conformance] [sig-node, Conformance]`. */
  #testIn(line: string): string | undefined {
    const name = line.replace(/\[(It|BeforeEach|AfterEach|DeferCleanup[^\]]*)\] /, '');
    return this.#tests.find((test) => name.startsWith(test));
  }
}
