import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { Endpoints, Service } from '../../resources/schema/core-v1.generated.ts';
import { endpoints, services } from '../../resources/schema/resource-types.generated.ts';
import { serviceInformer } from '../endpoints/service-watches.ts';
import { ManagedSlices } from '../endpointslice/managed-slices.ts';
import { type Change, type Controller, type ReconcileResult, restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, ownKey, parseKey } from '../runtime/object-keys.ts';
import { withoutManagedFields } from '../runtime/projections.ts';
import { type Mirroring, mirroringManager, mirrorSlices, mostMirrored } from './mirror-slices.ts';

const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';
/** Endpoints were once used for electing leaders; such an object has no addresses to mirror and changes all the time. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const lateCacheRetryMs = 1_000;

/** Shows the Endpoints that somebody else keeps for a service without a selector as EndpointSlices, which proxies read (KEP-752). */
export function endpointSliceMirroringController(context: ControllerContext): Controller {
  const loop = new MirroringLoop(context);
  return {
    name: 'endpoint_slice_mirroring',
    watches: [
      watching(loop.endpoints, endpointsChanged),
      watching(loop.services, serviceChanged),
      watching(loop.slices.informer, (change) => loop.slices.keysOf(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class MirroringLoop {
  readonly endpoints: Informer<Endpoints>;
  readonly services: Informer<Service>;
  readonly slices: ManagedSlices;
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    const { informers } = context;
    this.#context = context;
    this.endpoints = informers.informer(endpoints, { projection: withoutManagedFields<Endpoints> });
    this.services = informers.informer(services, serviceInformer);
    this.slices = new ManagedSlices(context, mirroringManager);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    if (!this.slices.showsOwnWrites(key)) return { requeueAfterMs: lateCacheRetryMs };
    const existing = this.slices.of(key);
    const source = this.endpoints.get(name, namespace);
    const service = this.services.get(name, namespace);
    if (source === undefined || !isMirrored(source) || service === undefined || hasSelector(service)) {
      await this.slices.perform(key, { create: [], update: [], delete: existing }, signal);
      return undefined;
    }
    const mirroring = mirrorSlices(source, existing);
    this.#tellOfSkipped(source, mirroring);
    // One that is being deleted gets no slices any more.
    const create = source.metadata.deletionTimestamp === undefined ? mirroring.changes.create : [];
    await this.slices.perform(key, { ...mirroring.changes, create }, signal);
    return { restMs: restAfter(mirroring.addresses) };
  }

  #tellOfSkipped(source: Endpoints, { invalid, skipped }: Mirroring): void {
    const tell = (reason: string, message: string) =>
      this.#context.events.event(referenceTo(endpoints, source), 'Warning', reason, message);
    if (invalid > 0)
      tell('InvalidIPAddress', `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`);
    if (skipped > invalid) {
      const bound = `A max of ${mostMirrored} addresses can be mirrored to EndpointSlices per Endpoints subset.`;
      tell('TooManyAddressesToMirror', `${bound} ${skipped} addresses were skipped`);
    }
  }
}

/** Endpoints of our own controller change with every pod; their services have selectors and slices of another making. */
function endpointsChanged(change: Change<Endpoints>): Iterable<string> {
  const { object, old } = change;
  return isMirrored(object) || (old !== undefined && isMirrored(old)) ? [keyOf(object)] : [];
}

function serviceChanged(change: Change<Service>): Iterable<string> {
  const { object, old } = change;
  const concerns = old === undefined ? !hasSelector(object) : hasSelector(object) !== hasSelector(old);
  return concerns ? ownKey(change) : [];
}

function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[skipMirrorLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined;
}

function hasSelector({ spec }: Service): boolean {
  return Object.keys(spec?.selector ?? {}).length > 0;
}
