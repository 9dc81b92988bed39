import { spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DataDirectory } from '../cluster/files/data-directory.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import { thisProgram } from './this-program.ts';

/**
 * Starts the same command again in the background, and waits until it says its last line. `lastLine`: how that begins, and what is said in
 * its place, for Ctrl-C does not reach the background.
 */
export async function detach(
  directory: DataDirectory,
  environment: Environment,
  [lastLine, inItsPlace]: readonly [RegExp, string],
): Promise<void> {
  directory.create();
  const logFile = join(directory.path, 'up.log');
  const log = openSync(logFile, 'w', 0o600);
  const asked = process.argv.slice(2).filter((each) => each !== '--detach');
  const [runtime = '', ...args] = [...thisProgram, ...asked];
  const child = spawn(runtime, args, {
    detached: true,
    stdio: ['ignore', log, log],
  });
  let code: number | null | undefined;
  child.on('exit', (exitCode) => {
    code = exitCode ?? 1;
  });
  child.unref();
  for (let shown = 0; ; ) {
    const text = readFileSync(logFile, 'utf8');
    if (text.length > shown) process.stderr.write(text.slice(shown).replace(lastLine, inItsPlace));
    shown = text.length;
    if (lastLine.test(text)) return;
    if (code !== undefined) {
      // A command that was refused has taken away what it made, and this log is what is left.
      if (readdirSync(directory.path).length === 1) rmSync(directory.path, { recursive: true });
      process.exit(code ?? 1);
    }
    await environment.sleep(50);
  }
}
