import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatMicroTime } from '../../machinery/time.ts';
import type { Lease } from '../../resources/schema/coordination-v1.generated.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { leases } from '../../resources/schema/resource-types.generated.ts';

export interface LeaseRenewerOptions {
  readonly client: Pick<Client, 'create' | 'get' | 'update'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly durationSeconds: number;
  node(): Node | undefined;
}

const namespace = 'kube-node-lease';
const firstRetryMs = 200;
/** A server that is back, under whatever address, hears of the node within five seconds. */
const longestRetryMs = 2500;
const renewPatienceMs = 5000;

/** Renews the node's lease: how the control plane knows that the node lives. */
export class LeaseRenewer {
  readonly #options: LeaseRenewerOptions;
  #lease: Lease | undefined;

  constructor(options: LeaseRenewerOptions) {
    this.#options = options;
  }

  /** Four times in the lease's duration, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { environment, logger, durationSeconds } = this.#options;
    const everyMs = (durationSeconds * 1000) / 4;
    let failures = 0;
    while (!signal.aborted) {
      let delayMs = everyMs * (1 + 0.04 * environment.random());
      try {
        await this.#renewInTime(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#lease = undefined;
        delayMs = Math.min(firstRetryMs * 2 ** failures++, longestRetryMs) * (1 + environment.random());
        logger.warn("the node's lease could not be renewed", { err: error });
      }
      await environment.sleep(delayMs, signal).catch(() => {});
    }
  }

  /** A connection to a machine that is gone swallows a request; the next one is sent by another. */
  async #renewInTime(signal: AbortSignal): Promise<void> {
    const deadline = this.#options.environment.deadline(renewPatienceMs, signal);
    try {
      await this.#renew(deadline.signal);
    } finally {
      deadline.cancel();
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { client, environment, nodeName, durationSeconds } = this.#options;
    const renewTime = formatMicroTime(environment.now());
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: durationSeconds, renewTime };
    const known = this.#lease ?? (await this.#existing(signal));
    if (known === undefined) {
      const fresh: Lease = { metadata: { name: nodeName, namespace, ...this.#owner() }, spec };
      this.#lease = await client.create(leases, fresh, { signal });
      return;
    }
    const owner = known.metadata.ownerReferences === undefined ? this.#owner() : {};
    const renewed: Lease = { ...known, metadata: { ...known.metadata, ...owner }, spec: { ...known.spec, ...spec } };
    this.#lease = await client.update(leases, renewed, { signal });
  }

  async #existing(signal: AbortSignal): Promise<Lease | undefined> {
    const { client, nodeName } = this.#options;
    try {
      return await client.get(leases, { name: nodeName, namespace }, { signal });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** With the node its lease goes. */
  #owner(): Pick<Lease['metadata'], 'ownerReferences'> {
    const { name = '', uid = '' } = this.#options.node()?.metadata ?? {};
    return uid === '' ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] };
  }
}
