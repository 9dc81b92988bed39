import { load } from 'js-yaml';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import { runCommand } from '../../src/node/host/linux/run-command.ts';
import type { GoPrograms } from './go-programs.ts';

const askTimeoutMs = 120_000;

/** The official suite as it was built: what tests it has, and what images they ask for. */
export class Suite {
  readonly #environment: Environment;
  readonly #programs: GoPrograms;

  constructor(environment: Environment, programs: GoPrograms) {
    this.#environment = environment;
    this.#programs = programs;
  }

  /** The full names of the conformance tests, in order: `[sig-node] Pods should be submitted and removed [NodeConformance] [Conformance]`. */
  async tests(): Promise<readonly string[]> {
    const listed = load(await this.#ask('--list-conformance-tests')) as readonly { readonly codename: string }[];
    return listed.map(({ codename }) => codename).sort();
  }

  /** The full names of all images that any of its tests uses. */
  async images(): Promise<readonly string[]> {
    const lines = (await this.#ask('--list-images')).split('\n');
    return lines.filter((line) => /^\S+\/\S+:\S+$/.test(line)).sort();
  }

  async #ask(flag: string): Promise<string> {
    const program = await this.#programs.ensure('e2e.test');
    return (await runCommand(this.#environment, [program, flag], { timeoutMs: askTimeoutMs })).stdout;
  }
}

/** The group that a test belongs to: `sig-node`. */
export function groupOf(test: string): string {
  return /^\[(sig-[\w-]+)\]/.exec(test)?.[1] ?? 'other';
}

/** Whether a test changes what others rely on, and so runs by itself. */
export function isSerial(test: string): boolean {
  return /\[(Serial|Disruptive)\]/.test(test);
}
