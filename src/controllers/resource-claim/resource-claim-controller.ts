import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isReason } from '../../machinery/status-error.ts';
import { notFound } from '../../machinery/status-errors.ts';
import { deviceClaimOf } from '../../resources/core/pod/device-claims.ts';
import type { Pod, PodResourceClaim } from '../../resources/schema/core-v1.generated.ts';
import { pods, resourceClaims, resourceClaimTemplates } from '../../resources/schema/resource-types.generated.ts';
import type {
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimTemplate,
} from '../../resources/schema/resource-v1.generated.ts';
import { type Change, type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, objectKey, parseKey } from '../runtime/object-keys.ts';
import { OwnWrites } from '../runtime/own-writes.ts';
import { controllerOf, isControlledBy } from '../runtime/owner-references.ts';
import {
  byController,
  byResourceClaim,
  byResourceClaimTemplate,
  podInformer,
  resourceClaimInformer,
  withoutManagedFields,
} from '../runtime/projections.ts';
import { type ClaimMetrics, claimMetrics } from './claim-metrics.ts';
import { claimFor, claimNamesOf, needsNoClaims, podClaimAnnotation } from './pod-claims.ts';
import { stillReserved } from './reservations.ts';

const fieldManager = 'ResourceClaimController';
/** Keeps a claim for as long as devices are given for it. */
const protection = 'resource.kubernetes.io/delete-protection';
const lateCacheRetryMs = 50;
const podPrefix = 'pod:';
const claimPrefix = 'claim:';

/**
 * Makes the claims that pods get by templates, takes back what is reserved for pods that are gone, and removes claims whose pods need
 * them no more (KEP-4381).
 */
export function resourceClaimController(context: ControllerContext): Controller {
  const loop = new ResourceClaims(context);
  return {
    name: 'resource_claim',
    concurrency: 10,
    watches: [
      watching(loop.pods, (change) => loop.keysOfPod(change)),
      watching(loop.claims, (change) => loop.keysOfClaim(change)),
      watching(loop.templates, ({ type, object }) =>
        type === 'deleted' ? [] : loop.podKeys(byResourceClaimTemplate, keyOf(object)),
      ),
    ],
    reconcile: (key, signal) =>
      key.startsWith(podPrefix)
        ? loop.reconcilePod(key.slice(podPrefix.length), signal)
        : loop.reconcileClaim(key.slice(claimPrefix.length), signal),
  };
}

class ResourceClaims {
  readonly pods: Informer<Pod>;
  readonly claims: Informer<ResourceClaim>;
  readonly templates: Informer<ResourceClaimTemplate>;
  readonly #context: ControllerContext;
  readonly #metrics: ClaimMetrics;
  readonly #ownWrites: OwnWrites;

  constructor(context: ControllerContext) {
    const { informers, metrics, environment } = context;
    this.#context = context;
    this.#metrics = claimMetrics(metrics);
    this.#ownWrites = new OwnWrites(environment);
    this.pods = informers.informer(pods, podInformer);
    this.claims = informers.informer(resourceClaims, resourceClaimInformer);
    this.templates = informers.informer(resourceClaimTemplates, {
      projection: withoutManagedFields<ResourceClaimTemplate>,
    });
  }

  keysOfPod({ type, object: pod }: Change<Pod>): readonly string[] {
    const names = claimNamesOf(pod);
    if (names.length === 0 && (pod.spec?.resourceClaims ?? []).length === 0) return [];
    const claims = names.map((name) => `${claimPrefix}${pod.metadata.namespace}/${name}`);
    if (type === 'deleted') {
      this.#ownWrites.forget(keyOf(pod));
      return claims;
    }
    return [...(needsNoClaims(pod) ? claims : []), podPrefix + keyOf(pod)];
  }

  keysOfClaim(change: Change<ResourceClaim>): readonly string[] {
    this.#metrics.changed(change);
    const key = keyOf(change.object);
    return [...(change.type === 'deleted' ? [] : [claimPrefix + key]), ...this.podKeys(byResourceClaim, key)];
  }

  podKeys(index: string, value: string): readonly string[] {
    return [...this.pods.byIndex(index, value)].map((pod) => podPrefix + keyOf(pod));
  }

  async reconcilePod(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const pod = this.pods.get(name, namespace);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
    const shown = this.#ownWrites.seen(key, (written) => {
      const at = parseKey(written);
      return this.claims.get(at.name, at.namespace);
    });
    if (!shown) return { requeueAfterMs: lateCacheRetryMs };
    const made = new Map<string, string>();
    for (const entry of pod.spec?.resourceClaims ?? []) {
      const claim = await this.#provide(pod, entry, signal);
      if (claim !== undefined) made.set(entry.name, claim.metadata.name ?? '');
    }
    if (made.size > 0) await this.#tellPod(pod, made, signal);
    // The scheduler reserves for pods that it places; who is on a node by other means has nobody else.
    if ((pod.spec?.nodeName ?? '') !== '' && !needsNoClaims(pod)) await this.#reserve(pod, signal);
    return undefined;
  }

  /** The claim that is to be entered in the pod's status; undefined where nothing has to be said. */
  async #provide(pod: Pod, entry: PodResourceClaim, signal: AbortSignal): Promise<ResourceClaim | undefined> {
    if (entry.resourceClaimTemplateName === undefined) return undefined;
    const known = deviceClaimOf(pod, entry);
    if (known?.name === null) return undefined;
    try {
      if (known !== undefined && (await this.#isThere(pod, known.name, signal))) return undefined;
      return this.#orphan(pod, entry) ?? (await this.#make(pod, entry, entry.resourceClaimTemplateName, signal));
    } catch (error) {
      signal.throwIfAborted();
      const why = `PodResourceClaim ${entry.name}: ${error instanceof Error ? error.message : error}`;
      this.#context.events.event(referenceTo(pods, pod), 'Warning', 'FailedResourceClaimCreation', why);
      throw error;
    }
  }

  async #isThere(pod: Pod, name: string, signal: AbortSignal): Promise<boolean> {
    const key = { namespace: pod.metadata.namespace, name };
    try {
      const claim =
        this.claims.get(name, pod.metadata.namespace) ??
        (await this.#context.client.get(resourceClaims, key, { signal }));
      return isControlledBy(claim, pod);
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }

  /** One that was made for the pod, which was not told of it. */
  #orphan(pod: Pod, { name }: PodResourceClaim): ResourceClaim | undefined {
    return [...this.claims.byIndex(byController, pod.metadata.uid ?? '')].find(
      ({ metadata }) => metadata.annotations?.[podClaimAnnotation] === name,
    );
  }

  async #make(pod: Pod, entry: PodResourceClaim, templateName: string, signal: AbortSignal): Promise<ResourceClaim> {
    const template = this.templates.get(templateName, pod.metadata.namespace);
    if (template === undefined) {
      const missing = notFound({ group: 'resource.k8s.io', resource: 'resourceclaimtemplate' }, templateName);
      throw saying(`resource claim template "${templateName}"`, missing);
    }
    const wanted = claimFor(pod, entry, template);
    try {
      const claim = await this.#context.client.create(resourceClaims, wanted, { signal });
      this.#ownWrites.written(keyOf(pod), claim);
      this.#metrics.made(wanted, 'success');
      return claim;
    } catch (error) {
      this.#metrics.made(wanted, 'failure');
      throw saying('create ResourceClaim ', error);
    }
  }

  async #tellPod(pod: Pod, made: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void> {
    const names = new Map(made);
    for (const { name, resourceClaimName } of pod.status?.resourceClaimStatuses ?? [])
      if (resourceClaimName !== undefined && !names.has(name)) names.set(name, resourceClaimName);
    const resourceClaimStatuses = [...names]
      .map(([name, resourceClaimName]) => ({ name, resourceClaimName }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const key = objectKey(pod);
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: key, status: { resourceClaimStatuses } };
    const options = { subresource: 'status', fieldManager, force: true, signal };
    await this.#context.client.patch(pods, key, { type: 'apply', body }, options);
  }

  async #reserve(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace, name = '', uid = '' } = pod.metadata;
    for (const entry of pod.spec?.resourceClaims ?? []) {
      const known = deviceClaimOf(pod, entry);
      // Once the pod knows of its claim it is looked at again.
      if (known === undefined) return;
      const claim = known.name === null ? undefined : this.claims.get(known.name, namespace);
      if (claim?.status?.allocation === undefined || (known.own && !isControlledBy(claim, pod))) continue;
      const { reservedFor = [] } = claim.status;
      if (reservedFor.some((consumer) => consumer.uid === uid)) continue;
      const status = { ...claim.status, reservedFor: [...reservedFor, { resource: 'pods', name, uid }] };
      await this.#context.client.update(resourceClaims, { ...claim, status }, { subresource: 'status', signal });
    }
  }

  async reconcileClaim(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const claim = this.claims.get(name, namespace);
    if (claim === undefined) return undefined;
    const { client } = this.#context;
    const before = claim.status?.reservedFor ?? [];
    const remaining = await stillReserved(claim, { client, pods: this.pods, signal });
    const isProtected = (claim.metadata.finalizers ?? []).includes(protection);
    const leaves = claim.metadata.deletionTimestamp !== undefined;
    if (remaining.length < before.length || (isProtected && leaves && remaining.length === 0))
      await this.#release(claim, remaining, isProtected, signal);
    if (remaining.length === 0 && this.#isUnneeded(claim))
      await client.delete(resourceClaims, objectKey(claim), {
        preconditions: { uid: claim.metadata.uid },
        signal,
      });
    return undefined;
  }

  /** Devices go back when the last who used them has gone, so that the next one may be placed elsewhere. */
  async #release(
    claim: ResourceClaim,
    reservedFor: readonly ResourceClaimConsumerReference[],
    isProtected: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { client } = this.#context;
    const { reservedFor: _, allocation, ...rest } = claim.status ?? {};
    const keepsDevices = allocation !== undefined && !(isProtected && reservedFor.length === 0);
    const status = {
      ...rest,
      ...(keepsDevices && { allocation }),
      ...(reservedFor.length > 0 && { reservedFor }),
    };
    const changed =
      (claim.status?.reservedFor ?? []).length > reservedFor.length || keepsDevices !== (allocation !== undefined);
    const released = changed
      ? await client.update(resourceClaims, { ...claim, status }, { subresource: 'status', signal })
      : claim;
    if (!isProtected || keepsDevices) return;
    const finalizers = (released.metadata.finalizers ?? []).filter((each) => each !== protection);
    await client.update(resourceClaims, { ...released, metadata: { ...released.metadata, finalizers } }, { signal });
  }

  /** Made for a pod that will not run any more, and may be there for long all the same. The collector sees to pods that are gone. */
  #isUnneeded(claim: ResourceClaim): boolean {
    if (claim.metadata.deletionTimestamp !== undefined) return false;
    const owner = controllerOf(claim);
    if (owner?.apiVersion !== 'v1' || owner.kind !== 'Pod') return false;
    const pod = this.pods.get(owner.name, claim.metadata.namespace);
    return pod !== undefined && (pod.metadata.uid !== owner.uid || needsNoClaims(pod));
  }
}

/** The same failure with what was attempted before it. */
function saying<E>(what: string, error: E): E {
  if (error instanceof Error) error.message = `${what}: ${error.message}`;
  return error;
}
