import type { Client } from '../../client/client.ts';
import { findCondition } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import { formatTime } from '../../machinery/time.ts';
import type { ServiceCIDR } from '../../resources/schema/networking-v1.generated.ts';
import { serviceCIDRs } from '../../resources/schema/resource-types.generated.ts';
import { isLostRace } from './lost-race.ts';

export interface DefaultServiceCIDROptions {
  readonly client: Client;
  readonly environment: Environment;
  readonly logger: Logger;
  /** The ranges that the server was started with, the first for services that do not care. */
  readonly cidrs: readonly string[];
}

const name = 'kubernetes';
const intervalMs = 10_000;

/**
 * Keeps the ServiceCIDR `kubernetes`, which shows the ranges of this server: at the start, and every ten seconds, for somebody may
 * delete it. One with other ranges is left alone and told of.
 */
export class DefaultServiceCIDR {
  readonly #options: DefaultServiceCIDROptions;
  readonly #rounds: Rounds;
  #toldOfOthers = false;

  constructor(options: DefaultServiceCIDROptions) {
    this.#options = options;
    const { environment, logger } = options;
    this.#rounds = new Rounds({
      environment,
      intervalMs,
      round: () => this.reconcile(),
      failed: (err) => logger.warn('could not reconcile the ServiceCIDR of the API server', { err }),
    });
  }

  /** Resolves when it is there. */
  async start(): Promise<void> {
    await this.reconcile();
    this.#rounds.start();
  }

  stop(): void {
    this.#rounds.stop();
  }

  async reconcile(): Promise<void> {
    const { client } = this.#options;
    const { items } = await client.list(serviceCIDRs, { fieldSelector: `metadata.name=${name}` });
    try {
      const range = items[0] ?? (await client.create(serviceCIDRs, this.#wanted(), { fieldManager: 'kube-apiserver' }));
      await this.#setReady(range);
    } catch (error) {
      if (!isLostRace(error)) throw error;
    }
  }

  #wanted(): ServiceCIDR {
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name },
      spec: { cidrs: this.#options.cidrs },
    };
  }

  /** Only where nothing is said yet: what the controller of ServiceCIDRs says is not fought over. */
  async #setReady({ metadata, spec, status }: ServiceCIDR): Promise<void> {
    if (metadata.deletionTimestamp !== undefined) return;
    const { client, environment, logger, cidrs } = this.#options;
    const found = spec?.cidrs ?? [];
    if (found.length !== cidrs.length || found.some((cidr, index) => cidr !== cidrs[index])) {
      if (!this.#toldOfOthers)
        logger.warn('the default ServiceCIDR has other ranges than the server', { found, cidrs });
      this.#toldOfOthers = true;
      return;
    }
    const current = findCondition(status?.conditions, 'Ready');
    if (current !== undefined && current.status !== 'Unknown') return;
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: '',
      message: 'Kubernetes default Service CIDR is ready',
      lastTransitionTime: formatTime(environment.now()),
    };
    const { apiVersion, kind } = this.#wanted();
    const body = { apiVersion, kind, metadata: { name }, status: { conditions: [condition] } };
    const options = { subresource: 'status', fieldManager: 'kubernetes-service-cidr-controller', force: true };
    await client.patch(serviceCIDRs, { name }, { type: 'apply', body }, options);
  }
}
