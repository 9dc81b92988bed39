import type { Logger } from '../../machinery/log.ts';
import type { Host } from '../../node/host/host.ts';
import { type DatagramFront, frontId } from './datagram-fronts.ts';
import { type DatagramFlow, parseFlows, staleFlows } from './stale-flows.ts';

export interface FlowCleanerOptions {
  readonly host: Pick<Host, 'processes' | 'info'>;
  readonly logger: Logger;
}

const commandTimeoutMs = 30_000;

/**
 * Ends flows of datagrams that lead to nobody any more, by the program `conntrack`: nftables cannot, and Node.js has no netlink. Where the
 * program is not installed such a flow ends by itself when its client pauses for half a minute; that is said once.
 */
export class FlowCleaner {
  readonly #options: FlowCleanerOptions;
  readonly #waiting = new Map<string, DatagramFront>();
  #cleaning: Promise<void> | undefined;
  #missing = false;

  constructor(options: FlowCleanerOptions) {
    this.#options = options;
  }

  /** Comes after the rules that lead elsewhere. Does not wait; of one front only the last state counts. */
  clean(fronts: Iterable<DatagramFront>): void {
    if (this.#missing) return;
    for (const front of fronts) this.#waiting.set(frontId(front), front);
    if (this.#waiting.size > 0) this.#cleaning ??= this.#run().finally(() => (this.#cleaning = undefined));
  }

  /** Resolves when nothing is left to clean. */
  async idle(): Promise<void> {
    await this.#cleaning;
  }

  async #run(): Promise<void> {
    const { host, logger } = this.#options;
    const nodeAddresses = new Set((await host.info()).addresses);
    for (const [id, front] of this.#waiting) {
      this.#waiting.delete(id);
      try {
        await this.#cleanFront(front, nodeAddresses);
      } catch (err) {
        if ((err as { code?: unknown }).code === 'ENOENT') {
          this.#missing = true;
          this.#waiting.clear();
          logger.warn(
            'conntrack is not installed: clients of UDP services may be led to pods that are gone for a while',
          );
          return;
        }
        logger.warn('flows of datagrams to a service were not looked at', {
          address: front.address,
          port: front.port,
          err,
        });
      }
    }
  }

  async #cleanFront(front: DatagramFront, nodeAddresses: ReadonlySet<string>): Promise<void> {
    const { processes } = this.#options.host;
    const to = front.address === undefined ? [] : ['--orig-dst', front.address];
    const listed = await processes.run(['conntrack', '-L', '-p', 'udp', ...to, '--orig-port-dst', String(front.port)], {
      timeoutMs: commandTimeoutMs,
    });
    const stale = staleFlows(parseFlows(listed.stdout), front, nodeAddresses);
    // All that lead from one address to one who is gone end by one command, however many clients there are.
    for (const filter of new Set(stale.map(filterFor))) {
      // It fails where they have ended meanwhile, which is what was wanted.
      const command = ['conntrack', '-D', '-p', 'udp', ...filter.split(' ')];
      await processes.run(command, { timeoutMs: commandTimeoutMs, allowFailure: true });
    }
  }
}

function filterFor({ destination, destinationPort, answeredBy }: DatagramFlow): string {
  const [source, port] = answeredBy.split(':');
  return `--orig-dst ${destination} --orig-port-dst ${destinationPort} --reply-src ${source} --reply-port-src ${port}`;
}
