import { existsSync, readFileSync } from 'node:fs';
import { parseProcessStat } from '../../node/host/linux/process-table.ts';
import type { DataDirectory } from '../files/data-directory.ts';

export interface RunningServer extends NamedProcess {
  readonly port: number;
  readonly address: string;
  readonly version: string;
  readonly startedAt: string;
}

/** The server process of a data directory whose API answers; undefined when none runs. */
export function runningServer(directory: DataDirectory): RunningServer | undefined {
  const found = serverProcess(directory);
  return found !== undefined && 'port' in found ? found : undefined;
}

/** The same, also of one that is still being started. */
export function serverProcess(directory: DataDirectory): RunningServer | NamedProcess | undefined {
  return notedProcess<RunningServer | NamedProcess>(directory, directory.serverFile, 'up');
}

/** The process that a file names, while it lives and runs this command. Throws `DataDirectoryError` for a file that cannot be read. */
export function notedProcess<T extends NamedProcess>(
  directory: DataDirectory,
  file: string,
  command: string,
): T | undefined {
  if (!existsSync(file)) return undefined;
  const found = directory.readJson(
    file,
    `remove it when no "stuurman ${command}" of this directory runs any more`,
  ) as T;
  return isRunning(found, command) ? found : undefined;
}

/** Notes that this process is about to be the server of a directory: who ends the cluster has to end it first. */
export function writeStartingServer(directory: DataDirectory): void {
  directory.write(directory.serverFile, `${JSON.stringify(thisProcess())}\n`);
}

/** A process as files name it. */
export interface NamedProcess {
  readonly pid: number;
  /** When it began, in the kernel's ticks since boot; absent where /proc is missing. */
  readonly startTime?: number | undefined;
}

/** This process. */
export function thisProcess(): NamedProcess {
  const startTime = startTimeOf(process.pid);
  return { pid: process.pid, ...(startTime !== undefined && { startTime }) };
}

/** Whether a process lives and is one of ours, running this command: after a boot its number soon belongs to another, maybe to one of ours. */
export function isRunning({ pid, startTime }: NamedProcess, command: string): boolean {
  if (!isAlive(pid) || !commandOf(pid, command).includes(command)) return false;
  return startTime === undefined || startTimeOf(pid) === startTime;
}

/** Whether a process of this number lives; one of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A pid may have been given away again: the process's command line tells. Where /proc is missing, the pid has to do. */
function commandOf(pid: number, otherwise: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [otherwise];
  }
}

function startTimeOf(pid: number): number | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).startTime;
  } catch {
    return undefined;
  }
}
