import type { ExecContext, ProgramContext, SimulatedInput, SimulatedProgram } from './program.ts';
import { commandNotFound, runCommand } from './run-command.ts';

/** Does what the container's command says where that is a command of the small shell; anything else is taken for a server. */
export function defaultProgram({ config, sandbox }: ProgramContext): SimulatedProgram {
  const command = [...config.command, ...config.args];
  const reader = config.stdin ? interactive(command) : undefined;
  if (reader !== undefined) return { input: reader, stopAfterMs: Number.POSITIVE_INFINITY };
  if (config.command.length === 0) return {};
  const result = runCommand(command, { env: config.env, hostname: sandbox.hostname, stdin: '' });
  if (result.exitCode === commandNotFound) return {};
  return {
    output: (result.stdout ?? '').split('\n').filter((line) => line !== ''),
    exitAfterMs: result.durationMs ?? 0,
    exitCode: result.exitCode,
    // A shell that is process 1 of its container has no handler for the stop signal.
    stopAfterMs: Number.POSITIVE_INFINITY,
  };
}

/** What a program does with the lines that are typed into it; undefined: it reads none. */
function interactive([program = '', ...args]: readonly string[]): SimulatedProgram['input'] {
  const name = program.slice(program.lastIndexOf('/') + 1);
  if (name === 'cat' && args.length === 0) return (line) => ({ stdout: `${line}\n` });
  return ['sh', 'bash', 'ash'].includes(name) && !args.includes('-c') ? shellLine : undefined;
}

function shellLine(line: string, context: ExecContext): SimulatedInput {
  const { stdout, stderr, exitCode } = runCommand(['sh', '-c', line], context);
  const leaves = /^\s*exit\b/.test(line);
  return {
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    ...(leaves && { exitCode }),
  };
}
