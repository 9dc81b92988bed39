import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One test as Ginkgo's own report has it; what of it we read. */
export interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly LeafNodeType: string;
  readonly State: string;
  readonly StartTime: string;
  readonly EndTime: string;
  /** In nanoseconds. */
  readonly RunTime: number;
  readonly Failure?: { readonly Message?: string; readonly ForwardedPanic?: string };
  readonly CapturedGinkgoWriterOutput?: string;
  readonly CapturedStdOutErr?: string;
  readonly SpecEvents?: readonly SpecEvent[];
}

interface SpecEvent {
  /** `By` is a step that the test tells of. */
  readonly SpecEventType: string;
  readonly Message?: string;
  readonly TimelineLocation?: { readonly Time: string };
}

export interface GinkgoRun {
  readonly ginkgo: string;
  readonly suite: string;
  readonly tests: readonly string[];
  readonly procs: number;
  /** Reports and output go here. */
  readonly folder: string;
  /** Of the suite itself. */
  readonly flags: readonly string[];
  /** Told what is written, as it comes. */
  readonly onOutput: (text: string) => void;
}

/** Runs tests of the suite; one of it at a time. */
export class Ginkgo {
  readonly #pidFile: string;
  #child: ChildProcess | undefined;
  #interrupted = false;

  constructor(cacheDirectory: string) {
    this.#pidFile = join(cacheDirectory, 'ginkgo.pid');
  }

  /** Ends what a run that was killed has left running. */
  endLeft(): void {
    if (!existsSync(this.#pidFile)) return;
    const pid = Number(readFileSync(this.#pidFile, 'utf8'));
    const commandLine = `/proc/${pid}/cmdline`;
    if (existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes('e2e.test'))
      process.kill(-pid, 'SIGKILL');
    rmSync(this.#pidFile);
  }

  /** Resolves with the reports of the tests that ran, also when some failed. Throws when there is no report. */
  async run({ ginkgo, suite, tests, procs, folder, flags, onOutput }: GinkgoRun): Promise<readonly SpecReport[]> {
    mkdirSync(folder, { recursive: true });
    const output = createWriteStream(join(folder, 'output.log'));
    const args = [
      ...[`--procs=${procs}`, '-v', '--no-color', '--timeout=24h', '--keep-going', '--silence-skips'],
      ...[`--output-dir=${folder}`, '--json-report=report.json', `--focus=${focusOn(tests)}`],
      ...[suite, '--', ...flags],
    ];
    // A group of its own: a Ctrl-C reaches the suite by us alone, which then has the time to clean up.
    const child = spawn(ginkgo, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: folder });
    child.stdout.setEncoding('utf8').on('data', onOutput);
    for (const stream of [child.stdout, child.stderr]) stream.pipe(output, { end: false });
    this.#child = child;
    writeFileSync(this.#pidFile, String(child.pid));
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', () => resolve());
      });
    } finally {
      this.#child = undefined;
      output.end();
      rmSync(this.#pidFile, { force: true });
    }
    return readReport(join(folder, 'report.json'), join(folder, 'output.log'));
  }

  /** Tests that run are ended, and clean up: Ginkgo counts on a signal that reaches all its processes, as from a terminal. Twice ends all at once. */
  interrupt(): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) process.kill(-pid, this.#interrupted ? 'SIGKILL' : 'SIGINT');
    this.#interrupted = true;
  }
}

function readReport(file: string, output: string): readonly SpecReport[] {
  if (!existsSync(file)) throw new Error(`the suite did not run; see ${output}`);
  const suites = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly SpecReports: readonly SpecReport[] }[];
  return suites
    .flatMap(({ SpecReports }) => SpecReports)
    .filter(({ State }) => State !== 'skipped' && State !== 'pending');
}

/** The name by which a test is known. */
export function nameOf({ ContainerHierarchyTexts, LeafNodeText }: SpecReport): string {
  return [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ');
}

/** What a test said that it would do, step by step, with the time of each. */
export function stepsOf({ SpecEvents }: SpecReport): readonly string[] {
  const steps = (SpecEvents ?? []).filter(({ SpecEventType }) => SpecEventType === 'By');
  return steps.map(({ Message, TimelineLocation }) => `${TimelineLocation?.Time ?? ''} ${Message ?? ''}`);
}

/** A regular expression of Go that exactly these tests match. */
export function focusOn(tests: readonly string[]): string {
  return tests.map((test) => `${test.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&')}$`).join('|');
}
