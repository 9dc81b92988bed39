import type { Reader, Writer } from '../../client/client.ts';
import type { ClusterRole, Role } from '../../resources/schema/rbac-v1.generated.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  namespaces,
  priorityClasses,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';
import { bootstrapObjects } from './bootstrap-objects.ts';
import { ensureObjects, type Repair } from './ensure-objects.ts';
import { ensureFlowConfiguration } from './flow-configuration.ts';
import { reconciledRole, repairOfBinding } from './reconcile-rbac.ts';
import { systemNamespaces } from './system-namespaces.ts';

const fieldManager = 'kube-apiserver';

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
    ensureFlowConfiguration(client, wanted, signal),
  ]);
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
