import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import { quotaEvaluator } from '../../resources/core/resource-quota/evaluators.ts';
import type { QuotaEvaluator, QuotaWrite } from '../../resources/core/resource-quota/quota-evaluator.ts';
import type { ResourceQuota } from '../../resources/schema/core-v1.generated.ts';
import { resourceQuotas } from '../../resources/schema/resource-types.generated.ts';
import { admissionForbidden } from './admission-forbidden.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { chargeQuotas, QuotaRefusal } from './quota/charge-quotas.ts';

/** How often the quotas are read again because somebody else has written them meanwhile. */
const mostRetries = 3;

/** A write that waits for its turn in its namespace. */
interface Waiting {
  readonly attributes: AdmissionAttributes;
  readonly write: QuotaWrite;
  readonly evaluator: QuotaEvaluator;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Holds namespaces to their quotas: a write is charged before it is done, and refused when there is not enough left. In each namespace
 * one batch is charged at a time, and whatever has come meanwhile is the next one, so that a quota is written once for all of them.
 * What was charged and then failed is given back by the controller, which counts again.
 */
export class ResourceQuotaAdmission implements AdmissionPlugin {
  readonly name = 'ResourceQuota';
  readonly #quotas: Informer<ResourceQuota>;
  readonly #client: Client;
  readonly #environment: Environment;
  /** By namespace; one that is here is being worked on. */
  readonly #waiting = new Map<string, Waiting[]>();

  /** `quotas` tells which namespaces have any; what they say is read anew for each batch. */
  constructor(quotas: Informer<ResourceQuota>, client: Client, environment: Environment) {
    this.#quotas = quotas;
    this.#client = client;
    this.#environment = environment;
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { operation, type, namespace, subresource, object, old } = attributes;
    if ((operation !== 'CREATE' && operation !== 'UPDATE') || object === undefined) return;
    const evaluator = quotaEvaluator(type);
    const write = { operation, subresource, object: object as KubeObject, old };
    if (evaluator?.handles(write) !== true || this.#hasNone(namespace)) return;
    await new Promise<void>((resolve, reject) => {
      const waiting = { attributes, write, evaluator, resolve, reject };
      const others = this.#waiting.get(namespace);
      if (others !== undefined) others.push(waiting);
      else void this.#work(namespace, [waiting]);
    });
  }

  #hasNone(namespace: string): boolean {
    if (!this.#quotas.hasSynced) return false;
    for (const _ of this.#quotas.list(namespace)) return false;
    return true;
  }

  async #work(namespace: string, first: readonly Waiting[]): Promise<void> {
    for (let batch = first; batch.length > 0; batch = this.#waiting.get(namespace) ?? []) {
      this.#waiting.set(namespace, []);
      try {
        const { items } = await this.#client.list(resourceQuotas, { namespace });
        await this.#charge(items, batch, mostRetries);
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    this.#waiting.delete(namespace);
  }

  /** Settles every write of the batch. */
  async #charge(quotas: readonly ResourceQuota[], batch: readonly Waiting[], retries: number): Promise<void> {
    let charged = quotas;
    const pending: Waiting[] = [];
    for (const each of batch) {
      const next = this.#chargeOne(charged, each);
      if (next === undefined) continue;
      pending.push(each);
      charged = next;
    }
    if (pending.length === 0) return;
    const lost = await this.#write(charged.filter((quota, index) => quota !== quotas[index]));
    if (lost.size === 0) {
      for (const each of pending) each.resolve();
      return;
    }
    const [{ metadata, error }] = [...lost.values()] as [Lost];
    if (retries === 0 || !isReason(error, 'Conflict')) throw error;
    // A quota that is gone by now limits nothing any more.
    const { items } = await this.#client.list(resourceQuotas, { namespace: metadata.namespace ?? '' });
    await this.#charge(
      items.filter((quota) => lost.has(quota.metadata.name ?? '')),
      pending,
      retries - 1,
    );
  }

  /** The quotas with this write in them; undefined when it is settled already: refused, or of no consequence. */
  #chargeOne(quotas: readonly ResourceQuota[], waiting: Waiting): readonly ResourceQuota[] | undefined {
    const { attributes, write, evaluator } = waiting;
    try {
      const charged = chargeQuotas(quotas, write, evaluator, this.#environment.now());
      const isChanged = charged.some((quota, index) => quota !== quotas[index]);
      if (isChanged && !attributes.dryRun) return charged;
      waiting.resolve();
    } catch (error) {
      waiting.reject(error instanceof QuotaRefusal ? admissionForbidden(attributes, error.message) : error);
    }
    return undefined;
  }

  /** Answers the quotas that could not be written, by name. */
  async #write(quotas: readonly ResourceQuota[]): Promise<ReadonlyMap<string, Lost>> {
    const lost = new Map<string, Lost>();
    for (const quota of quotas) {
      try {
        await this.#client.update(resourceQuotas, quota, { subresource: 'status' });
      } catch (error) {
        lost.set(quota.metadata.name ?? '', { metadata: quota.metadata, error });
      }
    }
    return lost;
  }
}

interface Lost {
  readonly metadata: ResourceQuota['metadata'];
  readonly error: unknown;
}
