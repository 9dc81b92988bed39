import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import { isConditionTrue } from '../../machinery/conditions.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { isReason } from '../../machinery/status-error.ts';
import { namesClass, storageClassNameOf } from '../../resources/core/storage-class-name.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../resources/schema/core-v1.generated.ts';
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  storageClasses,
} from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';
import { defaultClassOf } from '../../resources/storage/default-class.ts';
import { type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf, ownKey, parseKey } from '../runtime/object-keys.ts';
import {
  byClaim,
  claimInformer,
  nodeInformer,
  podInformer,
  volumeInformer,
  withoutManagedFields,
} from '../runtime/projections.ts';
import { localPathProvisioner, localVolume } from './local-path.ts';
import { isReservedFor, matchVolume, mismatch } from './match-volume.ts';

export interface ClaimControllerOptions {
  /** Where nodes keep volumes of classes that name no folder of their own. */
  readonly directory: string;
}

/** A class of this provisioner has only volumes that were made beforehand. */
const noProvisioner = 'kubernetes.io/no-provisioner';
const selectedNode = 'volume.kubernetes.io/selected-node';
const bindCompleted = 'pv.kubernetes.io/bind-completed';
const boundByController = 'pv.kubernetes.io/bound-by-controller';
const storageProvisioner = 'volume.kubernetes.io/storage-provisioner';
/** What older provisioners look for. */
const olderStorageProvisioner = 'volume.beta.kubernetes.io/storage-provisioner';
const retryMs = 15_000;

/** Gives claims their volumes: one that fits, or one that is made. */
export function claimController(context: ControllerContext, options: ClaimControllerOptions): Controller {
  const loop = new ClaimLoop(context, options);
  return {
    name: 'persistentvolume-binder',
    watches: [
      watching(loop.claims, ownKey),
      watching(loop.volumes, ({ object }) => loop.claimsConcernedBy(object)),
      watching(loop.classes, () => loop.unboundClaims()),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class ClaimLoop {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly classes: Informer<StorageClass>;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #directory: string;

  constructor(context: ControllerContext, { directory }: ClaimControllerOptions) {
    this.#context = context;
    this.#directory = directory;
    this.claims = context.informers.informer(persistentVolumeClaims, claimInformer);
    this.volumes = context.informers.informer(persistentVolumes, volumeInformer);
    this.classes = context.informers.informer(storageClasses, { projection: withoutManagedFields<StorageClass> });
    this.#nodes = context.informers.informer(nodes, nodeInformer);
    this.#pods = context.informers.informer(pods, podInformer);
  }

  /** The claim that a volume is set aside for; for a free volume all that wait. */
  claimsConcernedBy({ spec }: PersistentVolume): readonly string[] {
    if (spec?.claimRef === undefined) return this.unboundClaims();
    return [`${spec.claimRef.namespace}/${spec.claimRef.name}`];
  }

  unboundClaims(): readonly string[] {
    return [...this.claims.list()].filter(({ spec }) => (spec?.volumeName ?? '') === '').map(keyOf);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { name, namespace } = parseKey(key);
    const claim = this.claims.get(name, namespace);
    if (claim === undefined || typeof claim.metadata.deletionTimestamp === 'string') return undefined;
    const volumeName = claim.spec?.volumeName ?? '';
    if (volumeName !== '') return this.#completeBinding(claim, volumeName, signal);
    const volume = matchVolume(claim, this.volumes.list());
    const waits = this.#classOf(claim)?.volumeBindingMode === 'WaitForFirstConsumer';
    // Which of the free volumes a waiting claim gets is the scheduler's choice; it tells by reserving one.
    if (volume !== undefined && (!waits || isReservedFor(volume, claim))) {
      await this.#bind(claim, volume, signal);
      return undefined;
    }
    return this.#provision(claim, waits, signal);
  }

  async #completeBinding(
    claim: PersistentVolumeClaim,
    volumeName: string,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const volume = this.volumes.get(volumeName);
    if (volume === undefined) {
      if (claim.status?.phase === 'Bound')
        await this.#lose(
          claim,
          'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
          'ClaimLost',
          signal,
        );
      return undefined;
    }
    const reference = volume.spec?.claimRef;
    const completed = claim.metadata.annotations?.[bindCompleted] !== undefined;
    const about = referenceTo(persistentVolumeClaims, claim);
    const reason = completed || reference !== undefined ? undefined : mismatch(volume, claim);
    if (reason !== undefined) {
      const message = `Cannot bind to requested volume "${volumeName}": ${reason}`;
      this.#context.events.event(about, 'Warning', 'VolumeMismatch', message);
      return { requeueAfterMs: retryMs };
    }
    if (reference === undefined || isReservedFor(volume, claim)) {
      await this.#bind(claim, volume, signal);
    } else if (completed) {
      await this.#lose(
        claim,
        'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
        'ClaimMisbound',
        signal,
      );
    } else {
      const message = `volume "${volumeName}" already bound to a different claim.`;
      this.#context.events.event(about, 'Warning', 'FailedBinding', message);
      return { requeueAfterMs: retryMs };
    }
    return undefined;
  }

  /** Four steps, each idempotent: the volume names the claim, is Bound, the claim names the volume, is Bound. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal): Promise<void> {
    const { client } = this.#context;
    const status = { subresource: 'status', signal } as const;
    const { name, namespace, uid, resourceVersion } = claim.metadata;
    let bound = volume;
    if (bound.spec?.claimRef?.uid !== uid) {
      const byUser = bound.spec?.claimRef !== undefined;
      const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion };
      const marked = byUser ? bound : withAnnotations(bound, { [boundByController]: 'yes' });
      bound = await client.update(persistentVolumes, { ...marked, spec: { ...bound.spec, claimRef } }, { signal });
    }
    if (bound.status?.phase !== 'Bound') {
      bound = await client.update(persistentVolumes, { ...bound, status: { ...bound.status, phase: 'Bound' } }, status);
    }
    let current = claim;
    const { name: volumeName } = bound.metadata;
    if (current.spec?.volumeName !== volumeName || current.metadata.annotations?.[bindCompleted] === undefined) {
      const byController = (current.spec?.volumeName ?? '') === '' ? { [boundByController]: 'yes' } : {};
      const marked = withAnnotations(current, { [bindCompleted]: 'yes', ...byController });
      const spec = { ...current.spec, volumeName };
      current = await client.update(persistentVolumeClaims, { ...marked, spec }, { signal });
    }
    if (current.status?.phase !== 'Bound') {
      const { accessModes, capacity } = bound.spec ?? {};
      const bindingStatus = { ...current.status, phase: 'Bound', accessModes, capacity };
      await client.update(persistentVolumeClaims, { ...current, status: bindingStatus }, status);
    }
  }

  async #provision(claim: PersistentVolumeClaim, waits: boolean, signal: AbortSignal): Promise<ReconcileResult> {
    const { client, events } = this.#context;
    const reference = referenceTo(persistentVolumeClaims, claim);
    const chosen = namesClass(claim) ? undefined : defaultClassOf(this.classes.list());
    if (chosen !== undefined) {
      const spec = { ...claim.spec, storageClassName: chosen.metadata.name };
      await client.update(persistentVolumeClaims, { ...claim, spec }, { signal });
      return undefined;
    }
    const storageClass = this.#classOf(claim);
    const className = storageClassNameOf(claim);
    if (storageClass === undefined) {
      const missing =
        className === ''
          ? 'no persistent volumes available for this claim and no storage class is set'
          : `storageclass.storage.k8s.io "${className}" not found`;
      events.event(
        reference,
        className === '' ? 'Normal' : 'Warning',
        className === '' ? 'FailedBinding' : 'ProvisioningFailed',
        missing,
      );
      return { requeueAfterMs: retryMs };
    }
    if (storageClass.provisioner === noProvisioner && !waits) {
      const message = `no volume plugin matched name: ${noProvisioner}`;
      events.event(reference, 'Warning', 'ProvisioningFailed', message);
      return { requeueAfterMs: retryMs };
    }
    const nodeName = claim.metadata.annotations?.[selectedNode] ?? (waits ? undefined : this.#anyNode());
    if (nodeName === undefined) {
      if (waits) this.#tellWhatIsAwaited(claim);
      else events.event(reference, 'Warning', 'ProvisioningFailed', 'no node is ready to hold the volume');
      return { requeueAfterMs: retryMs };
    }
    if (claim.metadata.annotations?.[storageProvisioner] !== storageClass.provisioner) {
      const { provisioner } = storageClass;
      const annotations = { [storageProvisioner]: provisioner, [olderStorageProvisioner]: provisioner };
      await client.update(persistentVolumeClaims, withAnnotations(claim, annotations), { signal });
    }
    if (storageClass.provisioner !== localPathProvisioner) {
      const message = `Waiting for a volume to be created either by the external provisioner '${storageClass.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
      events.event(reference, 'Normal', 'ExternalProvisioning', message);
      return { requeueAfterMs: retryMs };
    }
    const wanted = localVolume(claim, storageClass, nodeName, this.#directory);
    try {
      await client.create(persistentVolumes, wanted, { signal });
      events.event(
        reference,
        'Normal',
        'ProvisioningSucceeded',
        `Successfully provisioned volume ${wanted.metadata.name}`,
      );
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
    }
    return undefined;
  }

  #tellWhatIsAwaited(claim: PersistentVolumeClaim): void {
    const users = [...this.#pods.byIndex(byClaim, keyOf(claim))].filter(({ spec }) => (spec?.nodeName ?? '') === '');
    const names = users.map(({ metadata }) => metadata.name).join(',');
    const [reason, message] =
      users.length === 0
        ? ['WaitForFirstConsumer', 'waiting for first consumer to be created before binding']
        : ['WaitForPodScheduled', `waiting for ${users.length === 1 ? 'pod' : 'pods'} ${names} to be scheduled`];
    this.#context.events.event(referenceTo(persistentVolumeClaims, claim), 'Normal', reason, message);
  }

  async #lose(claim: PersistentVolumeClaim, message: string, reason: string, signal: AbortSignal): Promise<void> {
    this.#context.events.event(referenceTo(persistentVolumeClaims, claim), 'Warning', reason, message);
    if (claim.status?.phase === 'Lost') return;
    const { accessModes: _, capacity: __, ...status } = claim.status ?? {};
    await this.#context.client.update(
      persistentVolumeClaims,
      { ...claim, status: { ...status, phase: 'Lost' } },
      { subresource: 'status', signal },
    );
  }

  #classOf(claim: PersistentVolumeClaim): StorageClass | undefined {
    return this.classes.get(storageClassNameOf(claim));
  }

  /** For a class that binds at once: a node that is ready and takes pods. */
  #anyNode(): string | undefined {
    for (const { metadata, spec, status } of this.#nodes.list()) {
      if (isConditionTrue(status?.conditions, 'Ready') && spec?.unschedulable !== true)
        return metadata.labels?.['kubernetes.io/hostname'] ?? metadata.name;
    }
    return undefined;
  }
}

function withAnnotations<T extends KubeObject>(object: T, annotations: Readonly<Record<string, string>>): T {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
}
