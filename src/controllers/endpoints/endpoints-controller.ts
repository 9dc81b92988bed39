import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { Endpoints, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import { endpoints, pods, services } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey, parseKey } from '../runtime/object-keys.ts';
import { isNamespaceTerminating, messageOf } from '../runtime/pod-control.ts';
import { podInformer, withoutManagedFields } from '../runtime/projections.ts';
import { hasManagedEndpoints, headlessLabel, isHeadless, triggerTimeAnnotation } from './service-endpoints.ts';
import { podsOf, serviceInformer, servicesOf } from './service-watches.ts';
import { subsetsOf, truncated } from './subsets.ts';
import { TriggerTimes } from './trigger-times.ts';

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const capacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

/** Keeps an Endpoints object for each service with a selector: the older form that some clients still read. */
export function endpointsController(context: ControllerContext): Controller {
  const loop = new EndpointsLoop(context);
  return {
    name: 'endpoint',
    watches: [
      watching(loop.services, ownKey),
      watching(loop.pods, (change) => servicesOf(loop.services, change)),
      watching(loop.endpoints, ownKey),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class EndpointsLoop {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly endpoints: Informer<Endpoints>;
  readonly #context: ControllerContext;
  readonly #triggerTimes = new TriggerTimes();

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    this.services = informers.informer(services, serviceInformer);
    this.pods = informers.informer(pods, podInformer);
    this.endpoints = informers.informer(endpoints, { projection: withoutManagedFields<Endpoints> });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const service = this.services.get(name, namespace);
    const existing = this.endpoints.get(name, namespace);
    if (service === undefined) return await this.#removeLeftover(key, existing, signal);
    if (!hasManagedEndpoints(service)) return undefined;
    const selected = [...podsOf(this.pods, service)];
    const time = this.#triggerTimes.compute(key, service, selected);
    const wanted = wantedEndpoints(service, existing, selected, time);
    if (existing === undefined || !isSame(existing, wanted)) await this.#write(service, existing, wanted, signal);
    // One object holds all addresses: it is written anew whenever one of them changes.
    return { restMs: 5 * restAfter(selected.length) };
  }

  async #write(
    service: Service,
    existing: Endpoints | undefined,
    wanted: Endpoints,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, events } = this.#context;
    try {
      if (existing === undefined) await client.create(endpoints, wanted, { signal });
      else await client.update(endpoints, wanted, { signal });
    } catch (error) {
      const isNews =
        !isNamespaceTerminating(error) && !isReason(error, 'Conflict') && !isReason(error, 'AlreadyExists');
      if (isNews && !signal.aborted) {
        const { namespace, name } = service.metadata;
        const [reason, what] =
          existing === undefined
            ? ['FailedToCreateEndpoint', `Failed to create endpoint for service ${namespace}/${name}`]
            : ['FailedToUpdateEndpoint', `Failed to update endpoint ${namespace}/${name}`];
        events.event(referenceTo(services, service), 'Warning', reason, `${what}: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** Endpoints that this controller made go with their service; those that someone else made stay. */
  async #removeLeftover(key: string, existing: Endpoints | undefined, signal: AbortSignal): Promise<undefined> {
    this.#triggerTimes.forget(key);
    if (existing?.metadata.labels?.[managedByLabel] !== 'endpoint-controller') return undefined;
    const { uid } = existing.metadata;
    try {
      await this.#context.client.delete(endpoints, parseKey(key), { preconditions: { uid }, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
    return undefined;
  }
}

/** The object that a service should have, on top of what there is. */
function wantedEndpoints(
  service: Service,
  existing: Endpoints | undefined,
  selected: readonly Pod[],
  triggerTime: string | undefined,
): Endpoints {
  const { namespace, name, labels } = service.metadata;
  const all = subsetsOf(service, selected);
  const cut = truncated(all);
  const { [triggerTimeAnnotation]: _, [capacityAnnotation]: __, ...kept } = existing?.metadata.annotations ?? {};
  const annotations = {
    ...kept,
    ...(triggerTime === undefined ? {} : { [triggerTimeAnnotation]: triggerTime }),
    ...(cut === undefined ? {} : { [capacityAnnotation]: 'truncated' }),
  };
  const { annotations: ___, ...metadata } = existing?.metadata ?? { namespace, name };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      ...metadata,
      labels: {
        ...withoutHeadless(labels),
        ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
        [managedByLabel]: 'endpoint-controller',
      },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    subsets: cut ?? all,
  };
}

function withoutHeadless(labels: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const { [headlessLabel]: _, ...rest } = labels;
  return rest;
}

/** The time of the trigger alone is no reason to write. */
function isSame(existing: Endpoints, wanted: Endpoints): boolean {
  const capacity = (each: Endpoints) => each.metadata.annotations?.[capacityAnnotation];
  return (
    equal(existing.subsets, wanted.subsets) &&
    equal(existing.metadata.labels, wanted.metadata.labels) &&
    capacity(existing) === capacity(wanted)
  );
}
