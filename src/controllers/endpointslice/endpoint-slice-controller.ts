import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Node, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods, services } from '../../resources/schema/resource-types.generated.ts';
import { addressTypesOf, hasManagedEndpoints } from '../endpoints/service-endpoints.ts';
import { podsOf, serviceInformer, servicesOf } from '../endpoints/service-watches.ts';
import { TriggerTimes } from '../endpoints/trigger-times.ts';
import { type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey, parseKey } from '../runtime/object-keys.ts';
import { isNamespaceTerminating, messageOf } from '../runtime/pod-control.ts';
import { nodeInformer, podInformer } from '../runtime/projections.ts';
import { decideSlices, managedByController } from './decide-slices.ts';
import { desiredEndpoints } from './desired-endpoints.ts';
import { ManagedSlices, type SliceChanges } from './managed-slices.ts';

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
      watching(loop.slices.informer, (change) => loop.slices.keysOf(change)),
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
  readonly slices: ManagedSlices;
  readonly #context: ControllerContext;
  readonly #triggerTimes = new TriggerTimes();

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    this.services = informers.informer(services, serviceInformer);
    this.pods = informers.informer(pods, podInformer);
    this.nodes = informers.informer(nodes, nodeInformer);
    this.slices = new ManagedSlices(context, managedByController);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const service = this.services.get(name, namespace);
    if (service === undefined) {
      // The slices go with their owner.
      this.#triggerTimes.forget(key);
      this.slices.forget(key);
      return undefined;
    }
    if (!hasManagedEndpoints(service)) return undefined;
    if (!this.slices.showsOwnWrites(key)) return { requeueAfterMs: lateCacheRetryMs };
    const selected = [...podsOf(this.pods, service)];
    const triggerTime = this.#triggerTimes.compute(key, service, selected);
    const existing = this.slices.of(key).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
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
    try {
      await this.slices.perform(key, changes, signal);
    } catch (error) {
      const isNews = !isNamespaceTerminating(error) && !isReason(error, 'Conflict') && !signal.aborted;
      if (isNews) {
        const { namespace, name } = service.metadata;
        const message = `Error updating Endpoint Slices for Service ${namespace}/${name}: ${messageOf(error)}`;
        this.#context.events.event(referenceTo(services, service), 'Warning', 'FailedToUpdateEndpointSlices', message);
      }
      throw error;
    }
  }
}
