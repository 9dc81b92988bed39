import type { KubeObject } from '../../machinery/object.ts';
import { bootstrapObjectsText } from '../../resources/schema/bootstrap-objects.generated.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../resources/schema/rbac-v1.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';

/** What every cluster has from its first start. */
export interface BootstrapObjects {
  readonly priorityClasses: readonly PriorityClass[];
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

/** Read anew at each call: they are needed at the start and then no more. */
export function bootstrapObjects(): BootstrapObjects {
  const objects = JSON.parse(bootstrapObjectsText) as readonly KubeObject[];
  const ofKind = <T extends KubeObject>(kind: string) => objects.filter((object): object is T => object.kind === kind);
  return {
    priorityClasses: ofKind<PriorityClass>('PriorityClass'),
    clusterRoles: ofKind<ClusterRole>('ClusterRole'),
    clusterRoleBindings: ofKind<ClusterRoleBinding>('ClusterRoleBinding'),
    roles: ofKind<Role>('Role'),
    roleBindings: ofKind<RoleBinding>('RoleBinding'),
  };
}

/** The rules of the ClusterRole `system:node`, for the Node authoriser. */
export function nodeRules(): ClusterRole['rules'] {
  return bootstrapObjects().clusterRoles.find((role) => role.metadata.name === 'system:node')?.rules;
}

export const systemNamespaces: readonly string[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
