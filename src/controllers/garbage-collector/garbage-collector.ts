import type { KubeObject, OwnerReference } from '../../machinery/object.ts';
import { groupResource, parseApiVersion, type ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Change, Controller, ReconcileResult } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Discovery } from '../runtime/discovery.ts';
import { objectKey } from '../runtime/object-keys.ts';
import { decideFate, type JudgedOwner, type OwnerState } from './decide-fate.ts';
import {
  foregroundFinalizer,
  type GraphNode,
  type GraphWork,
  type Identity,
  OwnerGraph,
  orphanFinalizer,
} from './owner-graph.ts';
import { ResourceMonitors } from './resource-monitors.ts';

/** An owner of a kind that nobody serves may be served later. */
const unknownKindRetryMs = 60_000;
/** What was installed a moment ago is read within this, as a rule. */
const incompleteRetryMs = 1_000;
/** So many dependents of an owner that never was are looked at at once. */
const verifyBatch = 20;
/** Owners known to be absent, the oldest forgotten first: many dependents of one owner ask for it once. */
const mostAbsent = 500;
const orphanPrefix = 'orphan/';

/** Deletes what belongs to nothing any more, and carries out foreground and orphaning deletion. */
export function garbageCollector(context: ControllerContext, discovery: Discovery): Controller {
  const collector = new Collector(context, discovery);
  return {
    name: 'garbage_collector',
    concurrency: 20,
    watches: collector.monitors.watches(),
    follow: (engine) => collector.monitors.follow(engine),
    reconcile: (key, signal) => collector.reconcile(key, signal),
  };
}

class Collector {
  readonly monitors: ResourceMonitors;
  readonly #context: ControllerContext;
  readonly #graph = new OwnerGraph();
  /** Insertion order is age. */
  readonly #absent = new Set<string>();

  constructor(context: ControllerContext, discovery: Discovery) {
    this.#context = context;
    this.monitors = new ResourceMonitors(discovery, context, {
      changed: (type, change) => this.changed(type, change),
      // Nobody can say whether they are still there: what they own is looked at when somebody can again.
      forgotten: (objects) => {
        const uids = [...objects].map(({ metadata }) => metadata.uid ?? '');
        for (const uid of uids) this.#graph.remove(uid);
        return uids.filter((uid) => this.#graph.get(uid) !== undefined);
      },
    });
  }

  changed(type: ResourceType, { type: event, object }: Change<KubeObject>): Iterable<string> {
    const { uid = '' } = object.metadata;
    if (event !== 'deleted') return keysOf(this.#graph.observe(type, object));
    this.#noteAbsent(identityOf(type, object));
    return keysOf(this.#graph.remove(uid));
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (key.startsWith(orphanPrefix)) return await this.#orphan(key.slice(orphanPrefix.length), signal);
    const node = this.#graph.get(key);
    if (node === undefined) return undefined;
    if (node.type === undefined) return await this.#verify(node, signal);
    if (node.isBeingDeleted && !node.deletesDependents) return undefined;
    if (node.owners.length === 0 && !node.deletesDependents) return undefined;
    const object = await this.#read(node.type, node.identity, signal);
    // The watch will tell.
    if (object === undefined) return undefined;
    if (node.deletesDependents) return await this.#finishForeground(node, node.type, object, signal);
    return await this.#collect(node, node.type, object, signal);
  }

  /** Whether an owner exists that only its dependents speak of. */
  async #verify(node: GraphNode, signal: AbortSignal): Promise<ReconcileResult> {
    const type = this.#typeOf(node.identity);
    if (type === undefined) return { requeueAfterMs: unknownKindRetryMs };
    if (type.namespaced && node.identity.namespace === undefined) return undefined;
    const identity = type.namespaced ? node.identity : { ...node.identity, namespace: undefined };
    // If it exists, the watch will tell of it.
    if ((await this.#read(type, identity, signal)) !== undefined) return undefined;
    this.#noteAbsent(identity);
    const dependents = this.#graph.dependentsOf(identity.uid).filter((each) => !each.isBeingDeleted);
    for (let at = 0; at < dependents.length; at += verifyBatch) {
      await Promise.all(dependents.slice(at, at + verifyBatch).map((each) => this.#collectFresh(each, signal)));
    }
    return undefined;
  }

  async #collectFresh(node: GraphNode, signal: AbortSignal): Promise<void> {
    if (node.type === undefined) return;
    const object = await this.#read(node.type, node.identity, signal);
    if (object !== undefined) await this.#collect(node, node.type, object, signal);
  }

  async #collect(
    node: GraphNode,
    type: ResourceType,
    object: KubeObject,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const owners: JudgedOwner[] = [];
    let unknown = false;
    for (const reference of object.metadata.ownerReferences ?? []) {
      const state = await this.#judge(type, object, reference, signal);
      if (state === 'unknown') unknown = true;
      // Whose kind is not known is not known to be gone.
      owners.push({ reference, state: state === 'unknown' ? 'solid' : state });
    }
    const dependents = this.#graph.dependentsOf(node.identity.uid);
    const fate = decideFate(
      object,
      owners,
      dependents.length > 0,
      dependents.some((each) => each.deletesDependents),
    );
    if (fate.action === 'forgetOwners') await this.#forgetOwners(type, identityOf(type, object), fate.uids, signal);
    if (fate.action === 'delete') {
      if (fate.unblock) await this.#unblockOwners(type, object, signal);
      await this.#delete(type, object, fate.policy, signal);
    }
    return unknown ? { requeueAfterMs: unknownKindRetryMs } : undefined;
  }

  async #judge(
    type: ResourceType,
    object: KubeObject,
    reference: OwnerReference,
    signal: AbortSignal,
  ): Promise<OwnerState | 'unknown'> {
    const { group } = parseApiVersion(reference.apiVersion);
    const { kind, name, uid } = reference;
    const ownerType = this.#typeOf({ group, kind });
    if (ownerType === undefined) return 'unknown';
    const { namespace } = object.metadata;
    if (ownerType.namespaced && namespace === undefined) {
      // Nobody can say which namespace is meant; it cannot be known to be gone.
      this.#tellInvalidOwner(type, object, reference);
      return 'solid';
    }
    const identity: Identity = { group, kind, name, uid, namespace: ownerType.namespaced ? namespace : undefined };
    if (this.#absent.has(absentKey(identity))) return 'absent';
    const owner = await this.#read(ownerType, identity, signal);
    if (owner === undefined) {
      this.#noteAbsent(identity);
      const known = this.#graph.get(uid);
      if (known?.type !== undefined && known.identity.namespace !== namespace && ownerType.namespaced)
        this.#tellInvalidOwner(type, object, reference);
      return 'absent';
    }
    const { deletionTimestamp, finalizers = [] } = owner.metadata;
    return deletionTimestamp !== undefined && finalizers.includes(foregroundFinalizer) ? 'waiting' : 'solid';
  }

  /** Lets an owner go that is deleted in the foreground once nothing blocks it. */
  async #finishForeground(
    node: GraphNode,
    type: ResourceType,
    object: KubeObject,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    // A dependent of a kind that is served since a moment ago may not have been seen.
    if (!this.monitors.isComplete) return { requeueAfterMs: incompleteRetryMs };
    const { uid } = node.identity;
    const blocking = this.#graph
      .dependentsOf(uid)
      .filter((each) => each.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true));
    if (blocking.length === 0) await this.#removeFinalizer(type, object, foregroundFinalizer, signal);
    // Each of them was handed out to be looked at when the owner began to wait.
    return undefined;
  }

  async #orphan(uid: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (!this.monitors.isComplete) return { requeueAfterMs: incompleteRetryMs };
    const node = this.#graph.get(uid);
    if (node?.type === undefined) return undefined;
    for (const { type, identity } of this.#graph.dependentsOf(uid)) {
      if (type !== undefined) await this.#forgetOwners(type, identity, [uid], signal);
    }
    const object = await this.#read(node.type, node.identity, signal);
    if (object !== undefined) await this.#removeFinalizer(node.type, object, orphanFinalizer, signal);
    return undefined;
  }

  async #forgetOwners(
    type: ResourceType,
    identity: Identity,
    uids: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const ownerReferences = uids.map((uid) => ({ $patch: 'delete', uid }));
    await this.#patchOwners(type, identity, ownerReferences, signal);
  }

  async #unblockOwners(type: ResourceType, object: KubeObject, signal: AbortSignal): Promise<void> {
    const ownerReferences = (object.metadata.ownerReferences ?? [])
      .filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
      .map((reference) => ({ ...reference, blockOwnerDeletion: false }));
    await this.#patchOwners(type, identityOf(type, object), ownerReferences, signal);
  }

  async #patchOwners(
    type: ResourceType,
    { namespace, name, uid }: Identity,
    ownerReferences: readonly object[],
    signal: AbortSignal,
  ): Promise<void> {
    const body = { metadata: { uid, ownerReferences } };
    try {
      await this.#context.client.patch(type, { namespace, name }, { type: 'strategic', body }, { signal });
    } catch (error) {
      // Gone, or another object of that name by now.
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  async #removeFinalizer(type: ResourceType, object: KubeObject, name: string, signal: AbortSignal): Promise<void> {
    const { finalizers = [], resourceVersion, uid } = object.metadata;
    if (!finalizers.includes(name)) return;
    const body = { metadata: { uid, resourceVersion, finalizers: finalizers.filter((each) => each !== name) } };
    try {
      await this.#context.client.patch(type, objectKey(object), { type: 'merge', body }, { signal });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  async #delete(
    type: ResourceType,
    object: KubeObject,
    propagationPolicy: 'Orphan' | 'Background' | 'Foreground',
    signal: AbortSignal,
  ): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    const { client, logger } = this.#context;
    logger.debug('collecting', { resource: groupResource(type), ...objectKey(object), propagationPolicy });
    try {
      // By its version: if it was given another owner since it was read, that has to be looked at first.
      const preconditions = { uid, resourceVersion };
      await client.delete(type, objectKey(object), { propagationPolicy, preconditions, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  /** The object as the server has it now; undefined when it is gone or another has its name. */
  async #read(type: ResourceType, identity: Identity, signal: AbortSignal): Promise<KubeObject | undefined> {
    const { namespace, name, uid } = identity;
    const key = type.namespaced && namespace !== undefined ? { namespace, name } : { name };
    try {
      const object = await this.#context.client.get(type, key, { signal });
      return object.metadata.uid === uid ? object : undefined;
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #typeOf({ group, kind }: Pick<Identity, 'group' | 'kind'>): ResourceType | undefined {
    return this.monitors.typeOf(group, kind);
  }

  #noteAbsent(identity: Identity): void {
    this.#absent.add(absentKey(identity));
    const [oldest] = this.#absent;
    if (this.#absent.size > mostAbsent && oldest !== undefined) this.#absent.delete(oldest);
  }

  #tellInvalidOwner(type: ResourceType, object: KubeObject, reference: OwnerReference): void {
    const { apiVersion, kind, name, uid } = reference;
    const { namespace = '' } = object.metadata;
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${owner} does not exist in namespace "${namespace}"`;
    const about = {
      kind: type.kind,
      apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`,
      ...objectKey(object),
      uid: object.metadata.uid,
    };
    this.#context.events.event(about, 'Warning', 'OwnerRefInvalidNamespace', message);
  }
}

function keysOf({ check, orphan }: GraphWork): readonly string[] {
  return [...check, ...[...orphan].map((uid) => `${orphanPrefix}${uid}`)];
}

function absentKey({ group, kind, namespace = '', name, uid }: Identity): string {
  return [group, kind, namespace, name, uid].join('/');
}

function identityOf(type: ResourceType, { metadata }: KubeObject): Identity {
  const { namespace, name = '', uid = '' } = metadata;
  return { group: type.group, kind: type.kind, namespace, name, uid };
}
