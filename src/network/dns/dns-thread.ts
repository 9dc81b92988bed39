import { Worker } from 'node:worker_threads';
import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';

/** What the thread of the name server is started with. */
export interface DnsSettings {
  /** How it reaches the API. */
  readonly kubeconfig: string;
  readonly domain: string;
  readonly address: string;
  readonly port: number;
  /** The machine's own resolver configuration, read anew as it changes. */
  readonly resolvConf: string;
}

/** What the thread tells. */
export type DnsThreadMessage = { readonly listening: number } | { readonly failed: string };

export interface DnsThreadOptions extends DnsSettings {
  readonly environment: Environment;
  readonly logger: Logger;
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;

/** Runs the name server in a thread of its own, where no other load is felt, and starts it again should it end. */
export class DnsThread {
  readonly #options: DnsThreadOptions;
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #retryMs = firstRetryMs;
  #stopped = false;

  constructor(options: DnsThreadOptions) {
    this.#options = options;
  }

  /** Resolves when it listens; it answers names of the cluster once it has seen the services. */
  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#run(resolve, reject);
    await promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#worker?.terminate();
  }

  #run(listening: () => void, failed: (error: Error) => void): void {
    const { environment, logger, kubeconfig, domain, address, port, resolvConf } = this.#options;
    const source = new URL(import.meta.url.endsWith('.ts') ? './dns-worker.ts' : './dns-worker.js', import.meta.url);
    const settings: DnsSettings = { kubeconfig, domain, address, port, resolvConf };
    const worker = new Worker(source, {
      workerData: settings,
      name: 'dns',
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    this.#worker = worker;
    worker.on('message', (message: DnsThreadMessage) => {
      if ('listening' in message) {
        this.#retryMs = firstRetryMs;
        listening();
      } else failed(new Error(message.failed));
    });
    worker.on('error', (error) => logger.error('the name server failed', { err: error }));
    worker.on('exit', () => {
      failed(new Error('the name server ended before it listened'));
      if (this.#stopped) return;
      this.#timer = environment.setTimer(this.#retryMs, () =>
        this.#run(
          () => {},
          () => {},
        ),
      );
      this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    });
  }
}
