import { readFile } from 'node:fs/promises';
import type { ProcessHandle } from '../host.ts';

/** What /proc/PID/stat says of a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly command: string;
  /** `R`, `S`, `Z` (ended, not reaped), ... */
  readonly state: string;
  readonly parent: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
}

/** Undefined when there is no such process. */
export async function processStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseProcessStat(text);
}

/** The command stands in parentheses and may itself hold blanks and parentheses, so the last one ends it. */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const rest = text.slice(close + 2).split(' ');
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    state: rest[0] ?? '',
    parent: Number(rest[1]),
    startTime: Number(rest[19]),
  };
}

/** Whether this very process runs: not one that was given its pid later, and not one that has ended and waits to be reaped. */
export async function isAlive(handle: ProcessHandle): Promise<boolean> {
  const stat = await processStat(handle.pid);
  return stat !== undefined && stat.startTime === handle.startTime && stat.state !== 'Z' && stat.state !== 'X';
}
