import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { findCondition, withCondition } from '../../machinery/conditions.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { draft } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { deployments, pods, replicaSets } from '../../resources/schema/resource-types.generated.ts';
import { replicaSetInformer } from '../replicaset/replica-set-controller.ts';
import { claimObjects } from '../runtime/claim-objects.ts';
import { type Change, type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, objectKey, ownKey, parseKey } from '../runtime/object-keys.ts';
import { cachedOwner, controllerOf, isControlledBy } from '../runtime/owner-references.ts';
import { isNamespaceTerminating, messageOf } from '../runtime/pod-control.ts';
import { isPodFinished } from '../runtime/pods.ts';
import { byController, orphansOf, podInformer, withoutManagedFields } from '../runtime/projections.ts';
import {
  conditionNow,
  hasProgressDeadline,
  isComplete,
  observedStatus,
  pausedConditions,
  rolloutStatus,
  untilDeadlineMs,
} from './deployment-status.ts';
import {
  expendable,
  findNewReplicaSet,
  makeReplicaSet,
  nextRevision,
  replicaAnnotations,
  revisionAnnotation,
  sameTemplate,
  syncedReplicaSet,
} from './revisions.ts';
import { rollBack, rollbackRevision } from './rollback.ts';
import {
  active,
  growNew,
  isScalingEvent,
  newReplicaSetSize,
  replicasOf,
  type Scaling,
  shareOut,
  shrinkOld,
} from './rolling-update.ts';

/** Rolls Deployments out by way of ReplicaSets. */
export function deploymentController(context: ControllerContext): Controller {
  const loop = new DeploymentLoop(context);
  return {
    name: 'deployment',
    watches: [
      watching(loop.deployments, ownKey),
      watching(loop.replicaSets, (change) => loop.replicaSetChanged(change)),
      watching(loop.pods, (change) => loop.podChanged(change)),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

/** What one reconcile works on. */
interface Rollout {
  /** As it was written last. */
  deployment: Deployment;
  readonly owned: readonly ReplicaSet[];
  readonly signal: AbortSignal;
}

interface Generations {
  /** The ReplicaSet with the Deployment's template. */
  readonly fresh: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
}

class DeploymentLoop {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.deployments = context.informers.informer(deployments, { projection: withoutManagedFields<Deployment> });
    this.replicaSets = context.informers.informer(replicaSets, replicaSetInformer);
    this.pods = context.informers.informer(pods, podInformer);
  }

  replicaSetChanged({ object, old, type }: Change<ReplicaSet>): Iterable<string> {
    const keys = new Set<string>();
    const owner = cachedOwner(this.deployments, object);
    if (owner !== undefined) keys.add(keyOf(owner));
    if (old !== undefined && controllerOf(old)?.uid !== controllerOf(object)?.uid) {
      const before = cachedOwner(this.deployments, old);
      if (before !== undefined) keys.add(keyOf(before));
    }
    if (controllerOf(object) === undefined && type !== 'deleted') {
      for (const deployment of this.deployments.list(object.metadata.namespace ?? '')) {
        if (compileLabelSelector(deployment.spec.selector).matches(object.metadata.labels)) keys.add(keyOf(deployment));
      }
    }
    return keys;
  }

  /** A Deployment that recreates waits for the last of its old pods. */
  podChanged({ object: pod, type }: Change<Pod>): Iterable<string> {
    if (type !== 'deleted') return [];
    const replicaSet = cachedOwner(this.replicaSets, pod);
    const deployment = replicaSet === undefined ? undefined : cachedOwner(this.deployments, replicaSet);
    return deployment?.spec.strategy?.type === 'Recreate' ? [keyOf(deployment)] : [];
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const deployment = this.deployments.get(name, namespace);
    if (deployment === undefined) return undefined;
    const selector = compileLabelSelector(deployment.spec.selector);
    if (selector.everything) return await this.#refuseSelector(deployment, signal);
    const owned = await claimObjects({
      client: this.#context.client,
      ownerType: deployments,
      owner: deployment,
      selector,
      type: replicaSets,
      objects: [
        ...this.replicaSets.byIndex(byController, deployment.metadata.uid ?? ''),
        ...this.replicaSets.byIndex(byController, orphansOf(deployment.metadata.namespace ?? '')),
      ],
      signal,
    });
    const rollout: Rollout = { deployment, owned, signal };
    if (deployment.metadata.deletionTimestamp !== undefined) {
      const generations = await this.#generations(rollout, false);
      return await this.#writeObserved(rollout, generations);
    }
    const conditions = pausedConditions(deployment, this.#context.environment.now());
    if (conditions !== undefined) await this.#write(rollout, { ...deployment.status, conditions });
    if (deployment.spec.paused === true) return await this.#share(rollout);
    const revision = rollbackRevision(deployment);
    if (revision !== undefined) return await this.#rollBack(rollout, revision);
    if (isScalingEvent(deployment, owned)) return await this.#share(rollout);
    return deployment.spec.strategy?.type === 'Recreate' ? await this.#recreate(rollout) : await this.#roll(rollout);
  }

  async #refuseSelector(deployment: Deployment, signal: AbortSignal): Promise<ReconcileResult> {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    this.#context.events.event(referenceTo(deployments, deployment), 'Warning', 'SelectingAll', message);
    const { generation = 0 } = deployment.metadata;
    if ((deployment.status?.observedGeneration ?? 0) >= generation) return undefined;
    await this.#write({ deployment, owned: [], signal }, { ...deployment.status, observedGeneration: generation });
    return undefined;
  }

  /** Only changes the Deployment: the rollout begins once the caches show it. */
  async #rollBack(rollout: Rollout, revision: bigint): Promise<ReconcileResult> {
    const { fresh, old } = await this.#generations(rollout, true);
    const all = fresh === undefined ? old : [...old, fresh];
    const { deployment, type, reason, message } = rollBack(rollout.deployment, all, revision);
    await this.#context.client.update(deployments, deployment, { signal: rollout.signal });
    this.#context.events.event(referenceTo(deployments, deployment), type, reason, message);
    return undefined;
  }

  /** Shares a changed size out among what there is, without a step of any rollout. */
  async #share(rollout: Rollout): Promise<ReconcileResult> {
    const generations = await this.#generations(rollout, false);
    const { fresh, old } = generations;
    for (const scaling of shareOut(rollout.deployment, fresh, old)) await this.#scale(rollout, scaling);
    if (rollout.deployment.spec.paused === true) await this.#cleanUp(rollout, old);
    return await this.#writeObserved(rollout, generations);
  }

  /** One step of a rolling update: the new grows, or, where it may not, the old shrinks. */
  async #roll(rollout: Rollout): Promise<ReconcileResult> {
    const generations = await this.#generations(rollout, true);
    const { fresh, old } = generations;
    if (fresh === undefined) return undefined;
    const growth = growNew(rollout.deployment, fresh, old);
    const steps = growth === undefined ? shrinkOld(rollout.deployment, fresh, old) : [growth];
    const newest = new Map<ReplicaSet, ReplicaSet>();
    for (const { replicaSet, to } of steps) {
      const scaled = await this.#scale(rollout, { replicaSet: newest.get(replicaSet) ?? replicaSet, to });
      newest.set(replicaSet, scaled);
    }
    if (steps.length === 0 && isComplete(rollout.deployment, rollout.deployment.status))
      await this.#cleanUp(rollout, old);
    return await this.#writeProgress(rollout, generations);
  }

  /** All that is old goes before anything new comes. */
  async #recreate(rollout: Rollout): Promise<ReconcileResult> {
    const before = await this.#generations(rollout, false);
    const running = active(before.old);
    for (const replicaSet of running) await this.#scale(rollout, { replicaSet, to: 0 });
    if (running.length > 0 || this.#oldPodsRun(before)) return await this.#writeProgress(rollout, before);
    const generations = before.fresh === undefined ? await this.#generations(rollout, true) : before;
    const { fresh, old } = generations;
    const to = replicasOf(rollout.deployment);
    if (fresh !== undefined && replicasOf(fresh) !== to) await this.#scale(rollout, { replicaSet: fresh, to });
    if (isComplete(rollout.deployment, rollout.deployment.status)) await this.#cleanUp(rollout, old);
    return await this.#writeProgress(rollout, generations);
  }

  #oldPodsRun({ old }: Generations): boolean {
    if (old.some((each) => (each.status?.replicas ?? 0) > 0)) return true;
    return old.some((each) => {
      for (const pod of this.pods.byIndex(byController, each.metadata.uid ?? '')) {
        // A pod that is being deleted is still there: its successor could not have its volume or its port.
        if (!isPodFinished(pod)) return true;
      }
      return false;
    });
  }

  /** Tells new from old and keeps the revisions in order; makes the new one where it is missing and wanted. */
  async #generations(rollout: Rollout, create: boolean): Promise<Generations> {
    const found = findNewReplicaSet(rollout.deployment, rollout.owned);
    const old = rollout.owned.filter((each) => each !== found);
    const revision = nextRevision(old);
    if (found !== undefined) return { fresh: await this.#keepInStep(rollout, found, revision), old };
    return { fresh: create ? await this.#createNew(rollout, old, revision) : undefined, old };
  }

  async #keepInStep(rollout: Rollout, found: ReplicaSet, revision: bigint): Promise<ReplicaSet> {
    const { client, environment } = this.#context;
    const synced = syncedReplicaSet(rollout.deployment, found, revision);
    // Its status is looked at again once the caches have it.
    if (synced !== found) return await client.update(replicaSets, synced, { signal: rollout.signal });
    const { status } = rollout.deployment;
    const isNew = findCondition(status?.conditions, 'Progressing') === undefined;
    const note = `Found new replica set ${JSON.stringify(found.metadata.name)}`;
    const conditions =
      isNew && hasProgressDeadline(rollout.deployment)
        ? withCondition(
            status?.conditions ?? [],
            conditionNow(environment.now(), 'Progressing', 'True', 'FoundNewReplicaSet', note),
          )
        : status?.conditions;
    await this.#writeRevision(rollout, found.metadata.annotations?.[revisionAnnotation] ?? '', {
      ...status,
      conditions,
    });
    return found;
  }

  async #createNew(rollout: Rollout, old: readonly ReplicaSet[], revision: bigint): Promise<ReplicaSet | undefined> {
    const { client, environment, events } = this.#context;
    const { deployment } = rollout;
    const size = newReplicaSetSize(deployment, old, 0);
    const wanted = makeReplicaSet(deployment, revision, size);
    let created: ReplicaSet;
    try {
      created = await client.create(replicaSets, wanted, { signal: rollout.signal });
    } catch (error) {
      if (isReason(error, 'AlreadyExists')) return await this.#nameIsTaken(rollout, wanted, error);
      if (!rollout.signal.aborted && !isNamespaceTerminating(error)) await this.#tellFailure(rollout, wanted, error);
      throw error;
    }
    const { name } = created.metadata;
    if (size > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${size}`;
      events.event(referenceTo(deployments, deployment), 'Normal', 'ScalingReplicaSet', message);
    }
    const { status } = deployment;
    const note = `Created new replica set ${JSON.stringify(name)}`;
    const conditions = hasProgressDeadline(deployment)
      ? withCondition(
          status?.conditions ?? [],
          conditionNow(environment.now(), 'Progressing', 'True', 'NewReplicaSetCreated', note),
        )
      : status?.conditions;
    await this.#writeRevision(rollout, String(revision), { ...status, conditions });
    return created;
  }

  /** The name is a hash of the template: either the ReplicaSet is ours and the caches are late, or two templates have one hash. */
  async #nameIsTaken(rollout: Rollout, wanted: ReplicaSet, error: Error): Promise<ReplicaSet> {
    const { client } = this.#context;
    const { deployment, signal } = rollout;
    const existing = await client.get(replicaSets, objectKey(wanted), { signal });
    if (isControlledBy(existing, deployment) && sameTemplate(existing.spec.template, wanted.spec.template))
      return existing;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await this.#write(rollout, { ...deployment.status, collisionCount });
    throw error;
  }

  async #tellFailure(rollout: Rollout, wanted: ReplicaSet, error: unknown): Promise<void> {
    const { environment, events } = this.#context;
    const { deployment } = rollout;
    const message = `Failed to create new replica set ${JSON.stringify(wanted.metadata.name)}: ${messageOf(error)}`;
    events.event(referenceTo(deployments, deployment), 'Warning', 'ReplicaSetCreateError', message);
    if (!hasProgressDeadline(deployment)) return;
    const failure = conditionNow(environment.now(), 'Progressing', 'False', 'ReplicaSetCreateError', message);
    const conditions = withCondition(deployment.status?.conditions ?? [], failure);
    await this.#write(rollout, { ...deployment.status, conditions });
  }

  /** Answers the ReplicaSet as it then is. */
  async #scale(rollout: Rollout, { replicaSet, to }: Scaling): Promise<ReplicaSet> {
    const { client, events } = this.#context;
    const from = replicasOf(replicaSet);
    const annotations = { ...replicaSet.metadata.annotations, ...replicaAnnotations(rollout.deployment) };
    if (from === to && equal(annotations, replicaSet.metadata.annotations)) return replicaSet;
    const scaled = draft(replicaSet);
    scaled.spec.replicas = to;
    scaled.metadata.annotations = annotations;
    const updated = await client.update(replicaSets, scaled, { signal: rollout.signal });
    if (from === to) return updated;
    const direction = from < to ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${replicaSet.metadata.name} from ${from} to ${to}`;
    events.event(referenceTo(deployments, rollout.deployment), 'Normal', 'ScalingReplicaSet', message);
    return updated;
  }

  async #cleanUp(rollout: Rollout, old: readonly ReplicaSet[]): Promise<void> {
    for (const replicaSet of expendable(rollout.deployment, old)) {
      const { uid, resourceVersion } = replicaSet.metadata;
      try {
        const preconditions = { uid, resourceVersion };
        await this.#context.client.delete(replicaSets, objectKey(replicaSet), {
          preconditions,
          signal: rollout.signal,
        });
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }

  async #writeObserved(rollout: Rollout, { fresh, old }: Generations): Promise<ReconcileResult> {
    const now = this.#context.environment.now();
    const all = fresh === undefined ? old : [...old, fresh];
    await this.#write(rollout, observedStatus({ deployment: rollout.deployment, all, fresh, now }));
    return undefined;
  }

  async #writeProgress(rollout: Rollout, { fresh, old }: Generations): Promise<ReconcileResult> {
    const now = this.#context.environment.now();
    const all = fresh === undefined ? old : [...old, fresh];
    const status = rolloutStatus({ deployment: rollout.deployment, all, fresh, now });
    await this.#write(rollout, status);
    const untilMs = untilDeadlineMs(rollout.deployment, status, now);
    return untilMs === undefined ? undefined : { requeueAfterMs: untilMs };
  }

  /** The revision is an annotation, which a writer of the status may change. */
  async #writeRevision(rollout: Rollout, revision: string, status: DeploymentStatus): Promise<void> {
    const { metadata } = rollout.deployment;
    if (metadata.annotations?.[revisionAnnotation] === revision) return await this.#write(rollout, status);
    const annotations = { ...metadata.annotations, [revisionAnnotation]: revision };
    rollout.deployment = await this.#context.client.update(
      deployments,
      { ...rollout.deployment, metadata: { ...metadata, annotations }, status },
      { subresource: 'status', signal: rollout.signal },
    );
  }

  async #write(rollout: Rollout, status: DeploymentStatus): Promise<void> {
    if (equal(rollout.deployment.status, status)) return;
    rollout.deployment = await this.#context.client.update(
      deployments,
      { ...rollout.deployment, status },
      { subresource: 'status', signal: rollout.signal },
    );
  }
}
