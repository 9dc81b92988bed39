import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Environment } from '../../../machinery/environment/environment.ts';
import type { RunOptions } from '../host.ts';

/** More output than this of one stream ends the command. */
const maxOutputBytes = 16 << 20;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A helper program failed, was not found, took too long or said too much. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly command: readonly string[];
  /** `ENOENT` when the program is not installed; undefined when it ran. */
  readonly code: string | undefined;
  readonly stderr: string;

  constructor(command: readonly string[], reason: string, stderr: string, code?: string, options?: ErrorOptions) {
    super(`${command.join(' ')}: ${reason}${stderr === '' ? '' : `: ${stderr.trim()}`}`, options);
    this.command = command;
    this.code = code;
    this.stderr = stderr;
  }
}

/**
 * Runs a program to its end. A signal that ended it gives code 128 + its number, as shells count. Throws `CommandError` when it failed
 * (unless `allowFailure`), could not be started or timed out, and the signal's reason when that was aborted; the program is dead
 * then.
 */
export function runCommand(
  environment: Environment,
  command: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(options.signal.reason);
      return;
    }
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: commandEnvironment(options.env) });
    const stdout = new Output();
    const stderr = new Output();
    let failure: unknown;
    const end = (reason: unknown) => {
      failure ??= reason;
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open; we wait for it no longer.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const fail = (reason: string) => end(new CommandError(command, reason, stderr.text()));
    child.stdout.on('data', (chunk: Buffer) => {
      if (!stdout.add(chunk)) fail(`wrote more than ${maxOutputBytes} bytes`);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (!stderr.add(chunk)) fail(`wrote more than ${maxOutputBytes} bytes`);
    });
    const abort = () => end(options.signal?.reason);
    options.signal?.addEventListener('abort', abort, { once: true });
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : environment.setTimer(options.timeoutMs, () => fail(`timed out after ${options.timeoutMs} ms`));
    const settle = (act: () => void) => {
      timer?.cancel();
      options.signal?.removeEventListener('abort', abort);
      act();
    };
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'ENOENT' ? `${program} is not installed` : cause.message;
      settle(() => reject(new CommandError(command, reason, '', cause.code, { cause })));
    });
    child.on('close', (code, signal) => {
      settle(() => {
        const result = { code: code ?? 128 + signalNumber(signal), stdout: stdout.text(), stderr: stderr.text() };
        if (failure !== undefined) reject(failure);
        else if (result.code === 0 || options.allowFailure === true) resolve(result);
        else reject(new CommandError(command, `exit code ${result.code}`, result.stderr));
      });
    });
    // A program that does not read its input closes the pipe: its exit code says what matters.
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
  });
}

/** Our environment with the folders where administrators' programs live, which a plain user's PATH lacks, and English messages. */
export function commandEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = process.env['PATH'] ?? '/usr/bin:/bin';
  return { ...process.env, PATH: `${path}:/usr/local/sbin:/usr/sbin:/sbin`, LC_ALL: 'C', ...extra };
}

class Output {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** False once there is too much. */
  add(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > maxOutputBytes) return false;
    this.#chunks.push(chunk);
    return true;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
