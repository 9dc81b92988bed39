import type { NodeConfig } from '../config.ts';
import type { Files } from '../host/host.ts';
import { tailOfLog } from '../logs/tail-of-log.ts';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { annotations, labels, podUidOf } from './labels.ts';
import { podDirectory } from './pod-directory.ts';
import { restartCountOf } from './pod-runtime-state.ts';

/** What one message may be long. */
const longestBytes = 4096;
const longestOfPodBytes = 12_288;
const logTail = { lines: 80, bytes: 2048 } as const;

/** The last words of a pod's containers, read once each. */
export class TerminationMessages {
  readonly #files: Files;
  readonly #config: Pick<NodeConfig, 'rootDirectory'>;
  readonly #messages = new Map<string, string>();

  constructor(files: Files, config: Pick<NodeConfig, 'rootDirectory'>) {
    this.#files = files;
    this.#config = config;
  }

  /** Each of so many containers has its share of what a pod may say. */
  of(containerId: string, containers: number): string {
    const message = this.#messages.get(containerId) ?? '';
    const share = Math.floor(longestOfPodBytes / Math.max(1, containers));
    if (Buffer.byteLength(message) <= share) return message;
    // A character that is cut in two is left out.
    return Buffer.from(message)
      .subarray(0, share)
      .toString('utf8')
      .replace(/\ufffd$/, '');
  }

  /** Reads those of containers that have ended since; forgets those of containers that are no more. */
  async read(containers: readonly ContainerStatus[]): Promise<void> {
    for (const id of this.#messages.keys())
      if (!containers.some((container) => container.id === id)) this.#messages.delete(id);
    for (const container of containers)
      if (container.state === 'exited' && !this.#messages.has(container.id))
        this.#messages.set(container.id, await this.#read(container));
  }

  async #read(container: ContainerStatus): Promise<string> {
    const policy = container.annotations[annotations.terminationMessagePolicy];
    const name = container.labels[labels.containerName] ?? container.metadata.name;
    const directory = podDirectory(this.#config.rootDirectory, podUidOf(container));
    const text = await this.#readFile(`${directory}/containers/${name}/${restartCountOf(container)}`);
    if (text !== '' || policy !== 'FallbackToLogsOnError' || container.exitCode === 0) return text;
    return tailOfLog(this.#files, container.logPath, logTail);
  }

  async #readFile(path: string): Promise<string> {
    const stat = await this.#files.stat(path).catch(() => undefined);
    if (stat === undefined || stat.sizeBytes === 0) return '';
    const bytes = await this.#files.readAt(path, Math.max(0, stat.sizeBytes - longestBytes), longestBytes);
    return Buffer.from(bytes).toString('utf8');
  }
}
