import type { Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../wire/http-body.ts';
import { parseResourceMetrics } from './parse-resource-metrics.ts';
import { UsageHistory } from './usage-history.ts';

export interface MetricsScraperOptions {
  readonly reader: Reader;
  readonly dialer: Dialer;
  readonly environment: Environment;
  readonly logger: Logger;
}

/** How often nodes are asked: as metrics-server does. */
const everyMs = 15_000;
/** How long one of them may take, so that the round is over before the next. */
const patienceMs = 10_000;
/** So many are asked at a time. */
const mostAtOnce = 16;
/** Thousands of containers fit; a node that sends more is not listened to. */
const longestAnswer = 8 * 2 ** 20;

/** Asks all nodes every now and then what they and their pods use. Of nodes that do not answer nothing is known. */
export class MetricsScraper {
  readonly #options: MetricsScraperOptions;
  readonly #stop = new AbortController();
  #histories: ReadonlyMap<string, UsageHistory> = new Map();
  #running: Promise<void> | undefined;

  constructor(options: MetricsScraperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the nodes are not asked any more', 'AbortError'));
    await this.#running;
  }

  /** Undefined while nothing is known of the node. */
  history(nodeName: string): UsageHistory | undefined {
    return this.#histories.get(nodeName);
  }

  async #run(): Promise<void> {
    const { environment, logger } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const beganAt = environment.monotonic();
      await this.#round().catch((error: unknown) => {
        if (!signal.aborted) logger.warn('the nodes could not be asked what they use', { err: error });
      });
      const left = everyMs - (environment.monotonic() - beganAt);
      await environment.sleep(Math.max(0, left), signal).catch(() => {});
    }
  }

  async #round(): Promise<void> {
    const { reader, environment } = this.#options;
    const { items } = await reader.list(nodes, { signal: this.#stop.signal });
    const next = new Map<string, UsageHistory>();
    const names = items.flatMap(({ metadata }) => metadata.name ?? [])[Symbol.iterator]();
    const ask = async () => {
      for (const name of names) {
        const history = await this.#scrape(name);
        if (history !== undefined) next.set(name, history);
        await environment.turn();
      }
    };
    await Promise.all(Array.from({ length: Math.min(mostAtOnce, items.length) }, ask));
    this.#histories = next;
  }

  async #scrape(name: string): Promise<UsageHistory | undefined> {
    const { dialer, environment, logger } = this.#options;
    const { signal, cancel } = environment.deadline(patienceMs, this.#stop.signal);
    try {
      const target = await dialer.node(name);
      const headers = { accept: 'text/plain' };
      const answer = await target.fetch({ method: 'GET', path: '/metrics/resource', headers, signal });
      const text = await readHttpText(answer.body, longestAnswer);
      if (answer.status !== 200) throw new Error(`it answered ${answer.status}: ${text.slice(0, 200)}`);
      const history = this.#histories.get(name) ?? new UsageHistory(everyMs);
      history.add(parseResourceMetrics(text, environment.now()));
      return history;
    } catch (error) {
      if (!this.#stop.signal.aborted) logger.debug('a node did not say what it uses', { node: name, err: error });
      return undefined;
    } finally {
      cancel();
    }
  }
}
