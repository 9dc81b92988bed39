import type { ProgramContext, SimulatedProgram } from './program.ts';
import { runCommand } from './run-command.ts';

const notFound = 127;

/** Does what the container's command says where that is a command of the small shell; anything else is taken for a server. */
export function defaultProgram({ config, sandbox }: ProgramContext): SimulatedProgram {
  const command = [...config.command, ...config.args];
  if (config.command.length === 0) return {};
  const result = runCommand(command, { env: config.env, hostname: sandbox.hostname, stdin: '' });
  if (result.exitCode === notFound) return {};
  return {
    output: (result.stdout ?? '').split('\n').filter((line) => line !== ''),
    exitAfterMs: result.durationMs ?? 0,
    exitCode: result.exitCode,
    // A shell that is process 1 of its container has no handler for the stop signal.
    stopAfterMs: Number.POSITIVE_INFINITY,
  };
}
