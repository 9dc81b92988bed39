import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices } from '../../resources/schema/resource-types.generated.ts';
import type { Change } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { objectKey, parseKey } from '../runtime/object-keys.ts';
import { OwnWrites } from '../runtime/own-writes.ts';
import { withoutManagedFields } from '../runtime/projections.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';

/** Slices by who makes them and for which service. */
const byManager = 'manager';

export interface SliceChanges {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
}

/** The slices that one controller makes, by the key of the service that they are for. */
export class ManagedSlices {
  readonly informer: Informer<EndpointSlice>;
  readonly #client: ControllerContext['client'];
  readonly #manager: string;
  readonly #ownWrites: OwnWrites;

  /** `manager`: what the label `managed-by` of its slices says. */
  constructor({ client, informers, environment }: ControllerContext, manager: string) {
    this.informer = informers.informer(endpointSlices, {
      projection: withoutManagedFields<EndpointSlice>,
      indexes: { [byManager]: managerIndex },
    });
    this.#client = client;
    this.#manager = manager;
    this.#ownWrites = new OwnWrites(environment);
  }

  /** The keys of the services whose slices a change concerns: also of the one that a slice was taken from. */
  keysOf({ object, old }: Change<EndpointSlice>): Iterable<string> {
    const prefix = `${this.#manager} `;
    const values = [...managerIndex(object), ...(old === undefined ? [] : managerIndex(old))];
    return new Set(values.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length)));
  }

  of(key: string): readonly EndpointSlice[] {
    return [...this.informer.byIndex(byManager, `${this.#manager} ${key}`)];
  }

  /** Whether the cache shows everything that was written for the service. */
  showsOwnWrites(key: string): boolean {
    return this.#ownWrites.seen(key, (cached) => {
      const { namespace, name } = parseKey(cached);
      return this.informer.get(name, namespace);
    });
  }

  forget(key: string): void {
    this.#ownWrites.forget(key);
  }

  async perform(key: string, changes: SliceChanges, signal: AbortSignal): Promise<void> {
    for (const slice of changes.update) {
      this.#ownWrites.written(key, await this.#client.update(endpointSlices, slice, { signal }));
    }
    for (const slice of changes.create) {
      this.#ownWrites.written(key, await this.#client.create(endpointSlices, slice, { signal }));
    }
    for (const slice of changes.delete) await this.#delete(key, slice, signal);
  }

  async #delete(key: string, slice: EndpointSlice, signal: AbortSignal): Promise<void> {
    const { uid } = slice.metadata;
    try {
      await this.#client.delete(endpointSlices, objectKey(slice), { preconditions: { uid }, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
    this.#ownWrites.deleted(key, slice);
  }
}

function managerIndex({ metadata }: EndpointSlice): readonly string[] {
  const service = metadata.labels?.[serviceNameLabel];
  const manager = metadata.labels?.[managedByLabel];
  return service === undefined || manager === undefined ? [] : [`${manager} ${metadata.namespace}/${service}`];
}
