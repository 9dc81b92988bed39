import type { Environment, Timer } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { Host } from '../node/host/host.ts';

/** Tells our rules in chains of other programs. */
const comment = (clusterId: string) => `stuurman ${clusterId}`;

/** Docker may come, or be started anew, while we run. */
const intervalMs = 15_000;

export interface ForwardPolicyOptions {
  readonly host: Pick<Host, 'processes' | 'nft'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly bridge: string;
  readonly clusterId: string;
}

/**
 * Lets pod traffic through where another program drops what is forwarded (Docker sets the policy of FORWARD to DROP). An accept in
 * our own table would not help: every chain at a hook has its say. Answers whether anything was changed.
 */
export async function allowForwarding(
  host: Pick<Host, 'processes' | 'nft'>,
  bridge: string,
  clusterId: string,
): Promise<boolean> {
  const listed = await host.processes.run(['nft', 'list', 'chain', 'ip', 'filter', 'FORWARD'], { allowFailure: true });
  const rules = ['iifname', 'oifname'].map((side) => `${side} "${bridge}" accept comment "${comment(clusterId)}"`);
  const there = rules.every((rule) => listed.stdout.includes(rule));
  if (listed.code !== 0 || !listed.stdout.includes('policy drop') || there) return false;
  await host.nft(rules.map((rule) => `insert rule ip filter FORWARD ${rule}\n`).join(''));
  return true;
}

/** Lets the traffic of a node's pods through, and looks from time to time whether another program has come to drop it. */
export class ForwardPolicy {
  readonly #options: ForwardPolicyOptions;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ForwardPolicyOptions) {
    this.#options = options;
  }

  /** Resolves when traffic is let through; looks again from time to time. */
  async start(): Promise<void> {
    await this.#look();
    if (!this.#stopped) this.#arm();
  }

  /** The rules stay: traffic flows on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  #arm(): void {
    this.#timer = this.#options.environment.setTimer(intervalMs, () => {
      this.#looking = this.#look()
        .catch((err: unknown) =>
          this.#options.logger.warn('whether forwarded traffic is dropped was not seen', { err }),
        )
        .finally(() => {
          if (!this.#stopped) this.#arm();
        });
    });
  }

  async #look(): Promise<void> {
    const { host, logger, bridge, clusterId } = this.#options;
    if (await allowForwarding(host, bridge, clusterId))
      logger.info('another program drops forwarded traffic; that of pods is let through', { bridge });
  }
}

/** Takes the rules back out of the other program's chain. */
export async function withdrawForwarding(host: Host, clusterId: string): Promise<void> {
  const listed = await host.processes.run(['nft', '-a', 'list', 'chain', 'ip', 'filter', 'FORWARD'], {
    allowFailure: true,
  });
  if (listed.code !== 0) return;
  const handles = listed.stdout
    .split('\n')
    .filter((line) => line.includes(`comment "${comment(clusterId)}"`))
    .flatMap((line) => /# handle (\d+)/.exec(line)?.[1] ?? []);
  if (handles.length > 0)
    await host.nft(`${handles.map((handle) => `delete rule ip filter FORWARD handle ${handle}`).join('\n')}\n`);
}
