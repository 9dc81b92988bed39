import { rm } from 'node:fs/promises';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { Host, LedgerEntry, ProcessHandle } from '../host.ts';
import { CommandError } from './run-command.ts';

/** How long a process may take to end by itself. */
const defaultGraceMs = 5_000;

type Entry<Type extends LedgerEntry['type']> = Extract<LedgerEntry, { readonly type: Type }>;

/** Takes down what a ledger names. Every step may be repeated, and one that fails does not keep the others from being done. */
export class CleanUp {
  readonly #host: Host;
  readonly #environment: Environment;

  constructor(host: Host, environment: Environment) {
    this.#host = host;
    this.#environment = environment;
  }

  /** Ends the processes that the ledger names, latest first, and leaves the rest. Answers what did not end, in words. */
  async endProcesses(): Promise<readonly string[]> {
    const entries = [...(await this.#host.ledger.entries())].reverse();
    return this.#undoEach(entries, ['process'], defaultGraceMs);
  }

  /**
   * Takes everything down: processes (latest first), cgroups with what is left in them, mounts (deepest first), rules, routes, links,
   * network namespaces. Answers what could not be taken down, in words; that stays in the ledger for the next try.
   */
  async tearDown(options: { readonly graceMs?: number } = {}): Promise<readonly string[]> {
    const entries = [...(await this.#host.ledger.entries())].reverse();
    const order = ['process', 'cgroup', 'mount', 'nftTable', 'route', 'link', 'netns'] as const;
    return this.#undoEach(entries, order, options.graceMs ?? defaultGraceMs);
  }

  async #undoEach(
    entries: readonly LedgerEntry[],
    order: readonly LedgerEntry['type'][],
    graceMs: number,
  ): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const type of order) {
      for (const entry of deepestFirst(entries.filter((each) => each.type === type))) {
        try {
          await (entry.type === 'process' ? this.#endProcess(entry, graceMs) : this.#undo(entry));
          await this.#host.ledger.remove(entry);
        } catch (error) {
          problems.push((error as Error).message);
        }
      }
    }
    return problems;
  }

  async #endProcess(entry: Entry<'process'>, graceMs: number): Promise<void> {
    const { processes } = this.#host;
    await processes.signal(entry.handle, 'SIGTERM');
    if (await this.#ended(entry.handle, graceMs)) return;
    await processes.signal(entry.handle, 'SIGKILL');
    if (!(await this.#ended(entry.handle, defaultGraceMs))) {
      throw new Error(`process ${entry.handle.pid} (${entry.name}) does not end`);
    }
  }

  async #ended(handle: ProcessHandle, patienceMs: number): Promise<boolean> {
    const deadline = this.#environment.monotonic() + patienceMs;
    for (let waitMs = 2; await this.#host.processes.isAlive(handle); waitMs = Math.min(100, waitMs * 2)) {
      if (this.#environment.monotonic() >= deadline) return false;
      await this.#environment.sleep(waitMs);
    }
    return true;
  }

  async #undo(entry: Exclude<LedgerEntry, Entry<'process'>>): Promise<void> {
    switch (entry.type) {
      case 'cgroup':
        return this.#host.removeCgroup(entry.path);
      case 'mount':
        return this.#host.unmount(entry.path);
      case 'nftTable':
        // Declaring it first makes the deletion right whether it exists or not.
        return this.#host.nft(`table ${entry.family} ${entry.name}\ndelete table ${entry.family} ${entry.name}\n`);
      case 'route':
        return this.#run(['ip', 'route', 'delete', ...entry.destination.split(' ')], /No such process|not exist/);
      case 'link':
        return this.#run(['ip', 'link', 'delete', entry.name], /Cannot find device/);
      case 'netns':
        await this.#host.unmount(entry.path);
        await rm(entry.path, { force: true });
    }
  }

  async #run(command: readonly string[], gone: RegExp): Promise<void> {
    const { code, stderr } = await this.#host.processes.run(command, { allowFailure: true, timeoutMs: 10_000 });
    if (code !== 0 && !gone.test(stderr)) throw new CommandError(command, `exit code ${code}`, stderr);
  }
}

function deepestFirst(entries: readonly LedgerEntry[]): readonly LedgerEntry[] {
  const depth = (entry: LedgerEntry) => ('path' in entry ? entry.path.split('/').length : 0);
  return [...entries].sort((a, b) => depth(b) - depth(a));
}
