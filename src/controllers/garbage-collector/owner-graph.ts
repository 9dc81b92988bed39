import type { KubeObject, OwnerReference } from '../../machinery/object.ts';
import { parseApiVersion, type ResourceType } from '../../machinery/resource-type.ts';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** Which object it is, as far as is known: of an owner that nobody has seen yet, what its dependents say. */
export interface Identity {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

export interface GraphNode {
  identity: Identity;
  /** Undefined for an owner that only its dependents speak of. */
  type: ResourceType | undefined;
  owners: readonly OwnerReference[];
  readonly dependents: Set<string>;
  isBeingDeleted: boolean;
  /** Being deleted in the foreground: it stays until its blocking dependents are gone. */
  deletesDependents: boolean;
}

/** What to look at after a change. */
export interface GraphWork {
  /** Objects that may have to go. */
  readonly check: Iterable<string>;
  /** Objects whose dependents are to be let go. */
  readonly orphan: Iterable<string>;
}

/** Who belongs to whom, by uid, as the caches tell it. Pure state: it says what to look at, and decides nothing. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    const dependents = this.#nodes.get(uid)?.dependents ?? [];
    return [...dependents].flatMap((each) => this.#nodes.get(each) ?? []);
  }

  /** An object was seen, for the first time or anew. */
  observe(type: ResourceType, { metadata }: KubeObject): GraphWork {
    const { uid = '', ownerReferences = [], deletionTimestamp, finalizers = [] } = metadata;
    const identity = identityOf(type, metadata.namespace, metadata.name ?? '', uid);
    const check = new Set<string>();
    const node = this.#nodes.get(uid) ?? this.#add(identity);
    if (!isSameObject(node.identity, identity)) {
      // Some dependents speak of another object that would have this uid: their owner does not exist.
      for (const dependent of node.dependents) check.add(dependent);
    }
    node.identity = identity;
    node.type = type;
    this.#setOwners(node, ownerReferences, check);
    const wasBeingDeleted = node.isBeingDeleted;
    node.isBeingDeleted = deletionTimestamp !== undefined;
    const deletesDependents = node.isBeingDeleted && finalizers.includes(foregroundFinalizer);
    if (deletesDependents && !node.deletesDependents) {
      check.add(uid);
      for (const dependent of node.dependents) check.add(dependent);
    }
    node.deletesDependents = deletesDependents;
    const orphans = node.isBeingDeleted && !wasBeingDeleted && finalizers.includes(orphanFinalizer);
    return { check, orphan: orphans ? [uid] : [] };
  }

  /** An object is gone, or never was. Its dependents have to be looked at, and owners that waited for it. */
  remove(uid: string): GraphWork {
    const node = this.#nodes.get(uid);
    if (node === undefined) return { check: [], orphan: [] };
    const check = new Set<string>(node.dependents);
    for (const { uid: owner } of node.owners) this.#detach(owner, node, check);
    if (node.dependents.size === 0) this.#nodes.delete(uid);
    else {
      // Its dependents still name it; it stays as something that they speak of.
      Object.assign(node, { type: undefined, owners: [], isBeingDeleted: false, deletesDependents: false });
    }
    return { check, orphan: [] };
  }

  #add(identity: Identity): GraphNode {
    const node: GraphNode = {
      identity,
      type: undefined,
      owners: [],
      dependents: new Set(),
      isBeingDeleted: false,
      deletesDependents: false,
    };
    this.#nodes.set(identity.uid, node);
    return node;
  }

  #setOwners(node: GraphNode, owners: readonly OwnerReference[], check: Set<string>): void {
    const before = new Map(node.owners.map((owner) => [owner.uid, owner]));
    node.owners = owners;
    for (const owner of owners) {
      const old = before.get(owner.uid);
      before.delete(owner.uid);
      const ownerNode = this.#nodes.get(owner.uid) ?? this.#add(spokenOf(owner, node.identity.namespace));
      ownerNode.dependents.add(node.identity.uid);
      if (old === undefined && ownerNode.type === undefined) check.add(owner.uid);
      if (ownerNode.type !== undefined && !names(owner, node.identity.namespace, ownerNode))
        check.add(node.identity.uid);
      const stopsBlocking = old?.blockOwnerDeletion === true && owner.blockOwnerDeletion !== true;
      if (ownerNode.deletesDependents && (old === undefined || stopsBlocking)) {
        check.add(owner.uid);
        check.add(node.identity.uid);
      }
    }
    for (const uid of before.keys()) this.#detach(uid, node, check);
  }

  #detach(ownerUid: string, dependent: GraphNode, check: Set<string>): void {
    const owner = this.#nodes.get(ownerUid);
    if (owner === undefined) return;
    owner.dependents.delete(dependent.identity.uid);
    if (owner.deletesDependents) check.add(ownerUid);
    if (owner.type === undefined && owner.dependents.size === 0) this.#nodes.delete(ownerUid);
  }
}

/** Whether the reference, in an object of this namespace, means the object that has its uid. */
function names(owner: OwnerReference, namespace: string | undefined, node: GraphNode): boolean {
  const { identity, type } = node;
  const sameNamespace = type?.namespaced === true ? identity.namespace === namespace : true;
  const { group } = parseApiVersion(owner.apiVersion);
  return sameNamespace && identity.group === group && identity.kind === owner.kind && identity.name === owner.name;
}

function identityOf(type: ResourceType, namespace: string | undefined, name: string, uid: string): Identity {
  return { group: type.group, kind: type.kind, namespace, name, uid };
}

function spokenOf(owner: OwnerReference, namespace: string | undefined): Identity {
  const { group } = parseApiVersion(owner.apiVersion);
  return { group, kind: owner.kind, namespace, name: owner.name, uid: owner.uid };
}

function isSameObject(one: Identity, other: Identity): boolean {
  const sameNamespace = other.namespace === undefined || one.namespace === other.namespace;
  return sameNamespace && one.group === other.group && one.kind === other.kind && one.name === other.name;
}
