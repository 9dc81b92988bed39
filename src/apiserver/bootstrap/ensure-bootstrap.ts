import type { Reader, Writer } from '../../client/client.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { ClusterRole, Role } from '../../resources/schema/rbac-v1.generated.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  flowSchemas,
  namespaces,
  priorityClasses,
  priorityLevelConfigurations,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';
import { bootstrapObjects } from './bootstrap-objects.ts';
import { isLostRace } from './lost-race.ts';
import { reconciledRole, repairOfBinding } from './reconcile-rbac.ts';
import { systemNamespaces } from './system-namespaces.ts';

/** Writes under way at once: enough that a store with group commit makes few of them. */
const parallelWrites = 32;

const fieldManager = 'kube-apiserver';
const autoUpdate = 'apf.kubernetes.io/autoupdate-spec';

type Change = () => Promise<unknown>;

export interface EnsureOptions {
  readonly fieldManager: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that the objects every cluster has are there: system namespaces, priority classes, RBAC roles and bindings, what
 * flow control is told. What exists is only added to, never cut back. One list for each kind when nothing is missing. Several
 * servers may do this at once.
 */
export async function ensureBootstrap(client: Reader & Writer, signal?: AbortSignal): Promise<void> {
  const wanted = bootstrapObjects();
  const options = { fieldManager, signal };
  await ensureObjects(client, namespaces, systemNamespaces, () => undefined, options);
  await Promise.all([
    ensureObjects(client, priorityClasses, wanted.priorityClasses, repairedPriorityClass, options),
    ensureObjects(client, clusterRoles, wanted.clusterRoles, repairedRole, options),
    ensureObjects(client, clusterRoleBindings, wanted.clusterRoleBindings, repairOfBinding, options),
    ensureObjects(client, roles, wanted.roles, repairedRole, options),
    ensureObjects(client, roleBindings, wanted.roleBindings, repairOfBinding, options),
    ensureObjects(client, priorityLevelConfigurations, wanted.priorityLevels, updatedSpec, options),
    ensureObjects(client, flowSchemas, wanted.flowSchemas, updatedSpec, options),
  ]);
}

type Repair<T> = { readonly action: 'update' | 'recreate'; readonly object: T } | undefined;

/** Makes sure of objects of one kind; `repair` says what is lacking in one that is there. One list when nothing is missing. */
export async function ensureObjects<T extends KubeObject>(
  client: Reader & Writer,
  type: ResourceType<T>,
  wanted: readonly T[],
  repair: (existing: T, expected: T) => Repair<T>,
  options: EnsureOptions,
): Promise<void> {
  const { items } = await client.list(type, { signal: options.signal });
  const existing = new Map(items.map((item) => [keyOf(item), item]));
  const changes = wanted.flatMap((expected): readonly Change[] => {
    const found = existing.get(keyOf(expected));
    if (found === undefined) return [() => createOrLeave(client, type, expected, options)];
    const needed = repair(found, expected);
    return needed === undefined ? [] : [() => apply(client, type, needed, options)];
  });
  await inParallel(changes);
}

/** Another server may have been faster. */
async function createOrLeave<T extends KubeObject>(
  client: Writer,
  type: ResourceType<T>,
  object: T,
  options: EnsureOptions,
): Promise<void> {
  try {
    await client.create(type, object, options);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}

/** A conflict means that somebody else has just changed the object; the next start looks at it again. */
async function apply<T extends KubeObject>(
  client: Writer,
  type: ResourceType<T>,
  { action, object }: NonNullable<Repair<T>>,
  options: EnsureOptions,
): Promise<void> {
  try {
    if (action === 'update') {
      await client.update(type, object, options);
      return;
    }
    const { name = '', namespace } = object.metadata;
    await client.delete(type, { name, namespace }, { signal: options.signal });
    await client.create(type, object, options);
  } catch (error) {
    if (!isLostRace(error)) throw error;
  }
}

/** A role of an earlier version has fewer rights. */
export function repairedRole<T extends Role | ClusterRole>(existing: T, expected: T): Repair<T> {
  const object = reconciledRole(existing, expected);
  return object === undefined ? undefined : { action: 'update', object };
}

/** The value and policy of a system class are fixed; anything else in it is made over. */
function repairedPriorityClass(existing: PriorityClass, expected: PriorityClass): Repair<PriorityClass> {
  const same =
    existing.value === expected.value &&
    existing.description === expected.description &&
    (existing.globalDefault ?? false) === (expected.globalDefault ?? false) &&
    existing.preemptionPolicy === expected.preemptionPolicy;
  return same ? undefined : { action: 'recreate', object: expected };
}

/** What flow control is told is brought up to date for as long as nobody has said by the annotation that it is theirs. */
function updatedSpec<T extends KubeObject & { readonly spec: unknown }>(existing: T, expected: T): Repair<T> {
  if (existing.metadata.annotations?.[autoUpdate] !== 'true' || equal(existing.spec, expected.spec)) return undefined;
  return { action: 'update', object: { ...existing, spec: expected.spec } };
}

async function inParallel(changes: readonly Change[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let change = changes[next++]; change !== undefined; change = changes[next++]) await change();
  };
  await Promise.all(Array.from({ length: Math.min(parallelWrites, changes.length) }, worker));
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
}
