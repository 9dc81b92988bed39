import { existsSync, readFileSync } from 'node:fs';
import type { DataDirectory } from '../files/data-directory.ts';

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  readonly address: string;
  readonly version: string;
  readonly startedAt: string;
}

/** The server process of a data directory; undefined when none runs. */
export function runningServer(directory: DataDirectory): RunningServer | undefined {
  if (!existsSync(directory.serverFile)) return undefined;
  const found = directory.readJson(directory.serverFile) as RunningServer;
  return isRunning(found.pid, 'up') ? found : undefined;
}

/** Whether a process of this number lives and is one of ours, running this command. */
export function isRunning(pid: number, command: string): boolean {
  return isAlive(pid) && commandOf(pid, command).includes(command);
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
