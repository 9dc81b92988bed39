import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Outcome = 'passed' | 'failed';

/** How one test ended, once. */
export interface TestResult {
  /** From 1 on, where tests run several times. */
  readonly round: number;
  readonly test: string;
  readonly outcome: Outcome;
}

/** What was asked of a run. */
export interface RunPlan {
  readonly startedAt: string;
  readonly commit: string;
  readonly tests: readonly string[];
  readonly repeat: number;
  /** Of the ratchet: a check, of which the document does not tell, whatever it holds by chance. */
  readonly sample: boolean;
}

const keptRuns = 10;

/** All that is written of one run: its plan, results as they come, and a folder for each failure. */
export class RunFolder {
  readonly path: string;
  readonly plan: RunPlan;

  static create(parent: string, plan: RunPlan): RunFolder {
    for (const old of runsIn(parent).slice(0, -keptRuns)) rmSync(join(parent, old), { recursive: true, force: true });
    const path = join(parent, plan.startedAt.replaceAll(/[:.]/g, '-'));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'plan.json'), `${JSON.stringify(plan, undefined, 2)}\n`);
    return new RunFolder(path, plan);
  }

  /** Undefined when there was none. */
  static last(parent: string): RunFolder | undefined {
    const last = runsIn(parent).at(-1);
    if (last === undefined) return undefined;
    const path = join(parent, last);
    return new RunFolder(path, JSON.parse(readFileSync(join(path, 'plan.json'), 'utf8')) as RunPlan);
  }

  private constructor(path: string, plan: RunPlan) {
    this.path = path;
    this.plan = plan;
  }

  /** On a line of its own, also after the half line of a run that was killed. */
  add(result: TestResult): void {
    appendFileSync(this.#resultsFile, `\n${JSON.stringify(result)}`);
  }

  /** Also of a run that was killed; of one test in one round the last counts. */
  results(): readonly TestResult[] {
    if (!existsSync(this.#resultsFile)) return [];
    const byTest = new Map<string, TestResult>();
    for (const line of readFileSync(this.#resultsFile, 'utf8').split('\n')) {
      const result = parsed(line);
      if (result !== undefined) byTest.set(`${result.round} ${result.test}`, result);
    }
    return [...byTest.values()];
  }

  /** The tests that have no result in a round yet. */
  left(round: number): readonly string[] {
    const done = new Set(this.results().flatMap((result) => (result.round === round ? [result.test] : [])));
    return this.plan.tests.filter((test) => !done.has(test));
  }

  isComplete(): boolean {
    return Array.from({ length: this.plan.repeat }, (_, index) => this.left(index + 1)).every(
      ({ length }) => length === 0,
    );
  }

  /** The tests that failed in any round. */
  failed(): readonly string[] {
    return [...new Set(this.results().flatMap(({ test, outcome }) => (outcome === 'failed' ? [test] : [])))];
  }

  get #resultsFile(): string {
    return join(this.path, 'results.jsonl');
  }
}

function runsIn(parent: string): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => existsSync(join(parent, name, 'plan.json')))
    .sort();
}

/** A run that was killed may have left half a line. */
function parsed(line: string): TestResult | undefined {
  try {
    return JSON.parse(line) as TestResult;
  } catch {
    return undefined;
  }
}
