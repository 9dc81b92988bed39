import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Host, ProcessHandle } from '../../node/host/host.ts';

export interface AgentKeeperOptions {
  readonly host: Host;
  readonly environment: Environment;
  readonly logger: Logger;
  /** How the agent is started: this program again. */
  readonly command: readonly string[];
  /** Which node's agent it is. */
  readonly nodeName: string;
  /** Stands for what the agent is started with: another one means that it is started anew. */
  readonly edition: string;
  readonly logFile: string;
}

const lookEveryMs = 2_000;
const mostLookEveryMs = 30_000;
/** An agent that has run for so long did not end for how it was started: the next one need not wait. */
const steadyMs = 10_000;
const endPatienceMs = 20_000;
const prefix = 'agent/';

/** Under which name an agent stands in the ledger. */
function entryName(nodeName: string, edition: string): string {
  return `${prefix}${nodeName}/${edition}`;
}

/** The agents that a ledger names and that live; entries of others are struck. */
async function runningAgents({ ledger, processes }: Host) {
  const found: { readonly handle: ProcessHandle; readonly name: string }[] = [];
  for (const entry of await ledger.entries()) {
    if (entry.type !== 'process' || !entry.name.startsWith(prefix)) continue;
    if (await processes.isAlive(entry.handle)) found.push(entry);
    else await ledger.remove(entry);
  }
  return found;
}

/** Ends the agents of nodes that are not among these. */
export async function endOtherAgents(
  host: Host,
  environment: Environment,
  nodeNames: readonly string[],
): Promise<void> {
  const kept = nodeNames.map((name) => entryName(name, ''));
  for (const { name, handle } of await runningAgents(host)) {
    if (!kept.some((start) => name.startsWith(start))) await endProcess(host, environment, handle);
  }
}

async function endProcess(host: Host, environment: Environment, handle: ProcessHandle): Promise<void> {
  await host.processes.signal(handle, 'SIGTERM');
  const deadline = environment.monotonic() + endPatienceMs;
  while (await host.processes.isAlive(handle)) {
    if (environment.monotonic() > deadline) await host.processes.signal(handle, 'SIGKILL');
    await environment.sleep(20);
  }
}

/** Keeps the agent of a node of this machine running, as a process of its own that outlives this one. */
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
    const wanted = entryName(this.#options.nodeName, this.#options.edition);
    const same = running.filter(({ name }) => name === wanted);
    for (const { handle, name } of running) if (name !== wanted) await this.#end(handle);
    const [adopted] = same;
    this.#watching = this.#watch(adopted?.handle ?? (await this.#launch()));
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

  async #watch(first: ProcessHandle): Promise<void> {
    const { environment, host, logger, nodeName } = this.#options;
    const { signal } = this.#stop;
    let handle = first;
    let startedAt = environment.monotonic();
    let waitMs = lookEveryMs;
    while (!signal.aborted) {
      await environment.sleep(waitMs, signal).catch(() => {});
      if (signal.aborted) return;
      if (await host.processes.isAlive(handle)) {
        if (environment.monotonic() - startedAt >= steadyMs) waitMs = lookEveryMs;
        continue;
      }
      logger.warn('the agent has ended; starting it again', { node: nodeName });
      handle = await this.#launch();
      startedAt = environment.monotonic();
      waitMs = Math.min(mostLookEveryMs, waitMs * 1.5);
    }
  }

  #launch(): Promise<ProcessHandle> {
    const { host, nodeName, edition, command, logFile } = this.#options;
    return host.processes.startDetached({ name: entryName(nodeName, edition), command, logFile });
  }

  async #running() {
    const own = entryName(this.#options.nodeName, '');
    return (await runningAgents(this.#options.host)).filter(({ name }) => name.startsWith(own));
  }

  #end(handle: ProcessHandle): Promise<void> {
    return endProcess(this.#options.host, this.#options.environment, handle);
  }
}
