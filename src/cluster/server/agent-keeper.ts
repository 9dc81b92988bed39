import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Host, ProcessHandle } from '../../node/host/host.ts';

export interface AgentKeeperOptions {
  readonly host: Host;
  readonly environment: Environment;
  readonly logger: Logger;
  /** How the agent is started: this program again. */
  readonly command: readonly string[];
  /** Carries what the agent was started with: another one means that it is started anew. */
  readonly name: string;
  readonly logFile: string;
}

const lookEveryMs = 2_000;
const endPatienceMs = 20_000;
const prefix = 'agent/';

/** Keeps the agent of this machine running, as a process of its own that outlives this one. */
export class AgentKeeper {
  readonly #options: AgentKeeperOptions;
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;

  constructor(options: AgentKeeperOptions) {
    this.#options = options;
  }

  /** Adopts the agent that runs, or starts one; from then on starts another whenever it has ended. */
  async start(): Promise<'adopted' | 'started'> {
    const running = await this.#running();
    const same = running.filter(({ name }) => name === this.#options.name);
    for (const { handle, name } of running) if (name !== this.#options.name) await this.#end(handle);
    const [adopted] = same;
    let handle = adopted?.handle ?? (await this.#launch());
    this.#watching = (async () => {
      let waitMs = lookEveryMs;
      while (!this.#stop.signal.aborted) {
        await this.#options.environment.sleep(waitMs, this.#stop.signal).catch(() => {});
        if (this.#stop.signal.aborted || (await this.#options.host.processes.isAlive(handle))) continue;
        this.#options.logger.warn('the agent has ended; starting it again');
        handle = await this.#launch();
        waitMs = Math.min(30_000, waitMs * 1.5);
      }
    })();
    return adopted === undefined ? 'started' : 'adopted';
  }

  /** No longer starts it again; the agent runs on. */
  async release(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  /** Ends the agent; containers run on. */
  async end(): Promise<void> {
    await this.release();
    for (const { handle } of await this.#running()) await this.#end(handle);
  }

  #launch(): Promise<ProcessHandle> {
    const { host, name, command, logFile } = this.#options;
    return host.processes.startDetached({ name, command, logFile });
  }

  async #running(): Promise<readonly { readonly handle: ProcessHandle; readonly name: string }[]> {
    const { ledger, processes } = this.#options.host;
    const found: { handle: ProcessHandle; name: string }[] = [];
    for (const entry of await ledger.entries()) {
      if (entry.type !== 'process' || !entry.name.startsWith(prefix)) continue;
      if (await processes.isAlive(entry.handle)) found.push(entry);
      else await ledger.remove(entry);
    }
    return found;
  }

  async #end(handle: ProcessHandle): Promise<void> {
    const { host, environment } = this.#options;
    await host.processes.signal(handle, 'SIGTERM');
    const deadline = environment.monotonic() + endPatienceMs;
    while (await host.processes.isAlive(handle)) {
      if (environment.monotonic() > deadline) await host.processes.signal(handle, 'SIGKILL');
      await environment.sleep(20);
    }
  }
}
