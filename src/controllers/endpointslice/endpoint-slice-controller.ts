import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Node, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, nodes, pods, services } from '../../resources/schema/resource-types.generated.ts';
import { addressTypesOf, hasManagedEndpoints } from '../endpoints/service-endpoints.ts';
import { podsOf, serviceInformer, servicesOf } from '../endpoints/service-watches.ts';
import { TriggerTimes } from '../endpoints/trigger-times.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { OwnWrites } from '../runtime/own-writes.ts';
import { isNamespaceTerminating, messageOf } from '../runtime/pod-control.ts';
import { nodeInformer, podInformer, withoutManagedFields } from '../runtime/projections.ts';
import { decideSlices, isManaged, managedByController, type SliceChanges, serviceNameLabel } from './decide-slices.ts';
import { desiredEndpoints } from './desired-endpoints.ts';

const byService = 'service';
/** The caches of pods and of their nodes are filled independently: an unknown node is looked for again. */
const unknownNodeRetryMs = 1_000;
const lateCacheRetryMs = 1_000;

/** Keeps the EndpointSlices of each service with a selector. */
export function endpointSliceController(context: ControllerContext): Controller {
  const loop = new EndpointSliceLoop(context);
  return {
    name: 'endpoint_slice',
    watches: [
      watching(loop.services, ownKey),
      watching(loop.pods, (change) => servicesOf(loop.services, change)),
      watching(loop.slices, (change) => loop.sliceChanged(change)),
      // Read for zones only, which do not change.
      watching(loop.nodes, () => []),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class EndpointSliceLoop {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly slices: Informer<EndpointSlice>;
  readonly #context: ControllerContext;
  readonly #triggerTimes = new TriggerTimes();
  readonly #ownWrites: OwnWrites;

  constructor(context: ControllerContext) {
    const { informers, environment } = context;
    this.#context = context;
    this.services = informers.informer(services, serviceInformer);
    this.pods = informers.informer(pods, podInformer);
    this.nodes = informers.informer(nodes, nodeInformer);
    this.slices = informers.informer(endpointSlices, {
      projection: withoutManagedFields<EndpointSlice>,
      indexes: { [byService]: serviceIndex },
    });
    this.#ownWrites = new OwnWrites(environment);
  }

  sliceChanged({ object, old }: Change<EndpointSlice>): Iterable<string> {
    return new Set([...serviceIndex(object), ...(old === undefined ? [] : serviceIndex(old))]);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const service = this.services.get(name, namespace);
    if (service === undefined) {
      // The slices go with their owner.
      this.#triggerTimes.forget(key);
      this.#ownWrites.forget(key);
      return undefined;
    }
    if (!hasManagedEndpoints(service)) return undefined;
    const cached = (objectKey: string) => {
      const { namespace: at, name: of } = parseKey(objectKey);
      return this.slices.get(of, at);
    };
    if (!this.#ownWrites.seen(key, cached)) return { requeueAfterMs: lateCacheRetryMs };
    const selected = [...podsOf(this.pods, service)];
    const triggerTime = this.#triggerTimes.compute(key, service, selected);
    const existing = [...this.slices.byIndex(byService, key)].filter(
      (slice) => isManaged(slice) && slice.metadata.deletionTimestamp === undefined,
    );
    const families = addressTypesOf(service);
    let waitsForNode = false;
    for (const addressType of families) {
      const desired = desiredEndpoints(service, selected, addressType, (node) => this.nodes.get(node));
      waitsForNode ||= desired.unknownNodes.size > 0;
      const ofType = existing.filter((slice) => slice.addressType === addressType);
      const changes = decideSlices({ service, addressType, existing: ofType, groups: desired.groups, triggerTime });
      await this.#perform(key, service, changes, signal);
    }
    // A family that the service has no longer.
    const surplus = existing.filter((slice) => !families.some((family) => family === slice.addressType));
    await this.#perform(key, service, { create: [], update: [], delete: surplus }, signal);
    const restMs = restAfter(selected.length);
    return waitsForNode ? { requeueAfterMs: unknownNodeRetryMs, restMs } : { restMs };
  }

  async #perform(key: string, service: Service, changes: SliceChanges, signal: AbortSignal): Promise<void> {
    const { client, events } = this.#context;
    try {
      for (const slice of changes.update) {
        this.#ownWrites.written(key, await client.update(endpointSlices, slice, { signal }));
      }
      for (const slice of changes.create) {
        this.#ownWrites.written(key, await client.create(endpointSlices, slice, { signal }));
      }
      for (const slice of changes.delete) await this.#delete(key, slice, signal);
    } catch (error) {
      const isNews = !isNamespaceTerminating(error) && !isReason(error, 'Conflict') && !signal.aborted;
      if (isNews) {
        const { namespace, name } = service.metadata;
        const message = `Error updating Endpoint Slices for Service ${namespace}/${name}: ${messageOf(error)}`;
        events.event(referenceTo(services, service), 'Warning', 'FailedToUpdateEndpointSlices', message);
      }
      throw error;
    }
  }

  async #delete(key: string, slice: EndpointSlice, signal: AbortSignal): Promise<void> {
    const { uid } = slice.metadata;
    try {
      await this.#context.client.delete(endpointSlices, objectKey(slice), { preconditions: { uid }, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
    this.#ownWrites.deleted(key, slice);
  }
}

/** Slices by the key of the service that they were made for. */
function serviceIndex({ metadata }: KubeObject): readonly string[] {
  const service = metadata.labels?.[serviceNameLabel];
  const isOurs = metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === managedByController;
  return service === undefined || !isOurs ? [] : [`${metadata.namespace}/${service}`];
}
