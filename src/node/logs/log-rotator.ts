import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Files } from '../host/host.ts';
import type { ContainerRuntime, ContainerStatus } from '../runtime/runtime.ts';

export interface LogRotatorOptions {
  readonly files: Files;
  readonly runtime: Pick<ContainerRuntime, 'reopenContainerLog'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly maxBytes: number;
  /** With the one that is written to. */
  readonly maxFiles: number;
}

/** Moves container logs that have grown too long out of the way, and removes the oldest. */
export class LogRotator {
  readonly #options: LogRotatorOptions;

  constructor(options: LogRotatorOptions) {
    this.#options = options;
  }

  /** One round over running containers. Never throws: what failed is tried in the next. */
  async rotate(running: Iterable<ContainerStatus>): Promise<void> {
    const { files, maxBytes, logger } = this.#options;
    for (const container of running) {
      try {
        const stat = await files.stat(container.logPath);
        if (stat !== undefined && stat.sizeBytes >= maxBytes) await this.#rotate(container);
      } catch (error) {
        logger.warn('a container log could not be rotated', { path: container.logPath, err: error });
      }
    }
  }

  async #rotate({ id, logPath }: ContainerStatus): Promise<void> {
    const { files, runtime, environment, maxFiles } = this.#options;
    const older = await rotatedLogs(files, logPath);
    for (const path of older.slice(0, Math.max(0, older.length - (maxFiles - 2)))) await files.remove(path);
    const time = new Date(environment.now()).toISOString();
    const suffix = `${time.slice(0, 10).replaceAll('-', '')}-${time.slice(11, 19).replaceAll(':', '')}`;
    const rotated = `${logPath}.${suffix}`;
    await files.rename(logPath, rotated);
    try {
      await runtime.reopenContainerLog(id);
    } catch (error) {
      // The runtime writes on into the old file, which therefore gets its name back.
      await files.rename(rotated, logPath);
      throw error;
    }
  }
}

/** The logs that were moved out of the way of this one, the oldest first. */
export async function rotatedLogs(files: Files, logPath: string): Promise<readonly string[]> {
  const slash = logPath.lastIndexOf('/');
  const [directory, name] = [logPath.slice(0, slash), logPath.slice(slash + 1)];
  const names = await files.list(directory).catch(() => []);
  return names
    .filter((each) => each.startsWith(`${name}.`))
    .sort()
    .map((each) => `${directory}/${each}`);
}
