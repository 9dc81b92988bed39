import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { Ledger, Processes, ProcessHandle, ProcessOptions, RunOptions } from '../host.ts';
import { isAlive, processStat } from './process-table.ts';
import { CommandError, type CommandResult, commandEnvironment, runCommand } from './run-command.ts';

/** Waits for one byte on descriptor 3 and becomes the command; when the pipe closes without one, ends. */
const gate = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';

/** Processes of the machine. */
export class LinuxProcesses implements Processes {
  readonly #environment: Environment;
  readonly #ledger: Ledger;
  readonly #enter: readonly string[];

  /** `networkNamespace`: a file that stands for one; programs are then run in it, and share all else with this process. */
  constructor(environment: Environment, ledger: Ledger, networkNamespace?: string) {
    this.#environment = environment;
    this.#ledger = ledger;
    // A mount namespace of its own, as `ip netns exec` makes one, would hide the mounts of programs from each other.
    this.#enter = networkNamespace === undefined ? [] : ['nsenter', `--net=${networkNamespace}`, '--'];
  }

  /**
   * A session of its own, so that no terminal's signal reaches it. The process waits behind a pipe until its pid is in the ledger: when we
   * die before that, it has done nothing and ends. A pid and its start time stay the same over exec.
   */
  async startDetached(options: ProcessOptions): Promise<ProcessHandle> {
    await mkdir(dirname(options.logFile), { recursive: true });
    const log = await open(options.logFile, 'a', 0o600);
    try {
      const child = spawn('/bin/sh', ['-c', gate, 'sh', ...this.#enter, ...options.command], {
        detached: true,
        stdio: ['ignore', log.fd, log.fd, 'pipe'],
        env: commandEnvironment(options.env),
        cwd: options.cwd ?? '/',
      });
      const pid = await started(child, options.command);
      child.unref();
      const go = child.stdio[3] as Writable;
      go.on('error', () => {});
      const stat = await processStat(pid);
      if (stat === undefined) throw new CommandError(options.command, 'ended before it began', '');
      const handle = { pid, startTime: stat.startTime };
      try {
        await this.#ledger.add({ type: 'process', name: options.name, handle });
        go.end('go\n');
      } catch (error) {
        go.destroy();
        throw error;
      }
      return handle;
    } finally {
      await log.close();
    }
  }

  run(command: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return runCommand(this.#environment, [...this.#enter, ...command], options);
  }

  isAlive(handle: ProcessHandle): Promise<boolean> {
    return isAlive(handle);
  }

  async signal(handle: ProcessHandle, signal: string): Promise<void> {
    if (!(await isAlive(handle))) return;
    try {
      process.kill(handle.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function started(child: ChildProcess, command: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new CommandError(command, cause.message, '', undefined, { cause })));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
}
