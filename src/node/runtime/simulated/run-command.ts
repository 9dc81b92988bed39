import type { ExecContext, SimulatedExec } from './program.ts';

/** What a shell says of a program that is not there. */
export const commandNotFound = 127;

/**
 * What a small shell answers to the commands people type into a container to look around. Anything else is not found, as
 * in an image without it.
 */
export function runCommand(command: readonly string[], context: ExecContext): SimulatedExec {
  const [program = '', ...args] = command;
  const name = program.slice(program.lastIndexOf('/') + 1);
  if ((name === 'sh' || name === 'bash' || name === 'ash') && args[0] === '-c')
    return runScript(args[1] ?? '', context);
  switch (name) {
    case 'true':
    case ':':
      return { exitCode: 0 };
    case 'false':
      return { exitCode: 1 };
    case 'exit':
      return { exitCode: Number(args[0] ?? 0) & 0xff };
    case 'echo':
      return { exitCode: 0, stdout: `${args.join(' ')}\n` };
    case 'hostname':
      return { exitCode: 0, stdout: `${context.hostname}\n` };
    case 'env':
    case 'printenv':
      return { exitCode: 0, stdout: context.env.map(({ name, value }) => `${name}=${value}\n`).join('') };
    case 'cat':
      return { exitCode: 0, stdout: context.stdin };
    case 'sleep':
      return sleep(args);
    default:
      return { exitCode: commandNotFound, stderr: `exec: "${program}": executable file not found in $PATH\n` };
  }
}

const secondsOf: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** As coreutils have it: the sum of the times, each with its unit; `infinity` is one. */
function sleep(times: readonly string[]): SimulatedExec {
  let durationMs = 0;
  for (const time of times) {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?|\.\d+|inf|infinity)([smhd]?)$/.exec(time) ?? [];
    if (amount === undefined) return { exitCode: 1, stderr: `sleep: invalid time interval '${time}'\n` };
    durationMs += amount.startsWith('inf') ? Number.POSITIVE_INFINITY : Number(amount) * 1000 * (secondsOf[unit] ?? 1);
  }
  return times.length === 0 ? { exitCode: 1, stderr: 'sleep: missing operand\n' } : { exitCode: 0, durationMs };
}

/** Commands one after another, as `;` and `&&` join them; no quoting beyond a whole word's. */
function runScript(script: string, context: ExecContext): SimulatedExec {
  let result: Required<SimulatedExec> = { exitCode: 0, stdout: '', stderr: '', durationMs: 0 };
  for (const [, joint = '', text = ''] of script.matchAll(/(^|;|&&)([^;&]*)/g)) {
    if (text.trim() === '' || (joint === '&&' && result.exitCode !== 0)) continue;
    const words = [...text.trim().matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
      (word) => word[1] ?? word[2] ?? word[3] ?? '',
    );
    const next = runCommand(words, context);
    result = {
      exitCode: next.exitCode,
      stdout: result.stdout + (next.stdout ?? ''),
      stderr: result.stderr + (next.stderr ?? ''),
      durationMs: result.durationMs + (next.durationMs ?? 0),
    };
    if (words[0] === 'exit') break;
  }
  return result;
}
