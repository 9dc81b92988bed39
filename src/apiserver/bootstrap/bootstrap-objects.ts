import type { KubeObject } from '../../machinery/object.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../resources/schema/flowcontrol-v1.generated.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../resources/schema/rbac-v1.generated.ts';
import type { PriorityClass } from '../../resources/schema/scheduling-v1.generated.ts';
import { bootstrapEntriesText } from './bootstrap-entries.generated.ts';
import { generatedEntries } from './seed-store.ts';

/** What every cluster has from its first start, beside its namespaces. */
export interface BootstrapObjects {
  readonly priorityClasses: readonly PriorityClass[];
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
  readonly priorityLevels: readonly PriorityLevelConfiguration[];
  readonly flowSchemas: readonly FlowSchema[];
}

/** As they are asked for. Read anew at each call: they are needed at the start and then no more. */
export function bootstrapObjects(): BootstrapObjects {
  const objects = generatedEntries(bootstrapEntriesText).map(({ text }) => asked(text));
  const ofKind = <T extends KubeObject>(kind: string) => objects.filter((object): object is T => object.kind === kind);
  return {
    priorityClasses: ofKind<PriorityClass>('PriorityClass'),
    clusterRoles: ofKind<ClusterRole>('ClusterRole'),
    clusterRoleBindings: ofKind<ClusterRoleBinding>('ClusterRoleBinding'),
    roles: ofKind<Role>('Role'),
    roleBindings: ofKind<RoleBinding>('RoleBinding'),
    priorityLevels: ofKind<PriorityLevelConfiguration>('PriorityLevelConfiguration'),
    flowSchemas: ofKind<FlowSchema>('FlowSchema'),
  };
}

/** The rules of the ClusterRole `system:node`, for the Node authoriser. */
export function nodeRules(): ClusterRole['rules'] {
  const entry = generatedEntries(bootstrapEntriesText).find(({ key }) => key === '/registry/clusterroles/system:node');
  return entry && (asked(entry.text) as ClusterRole).rules;
}

/** Without what the server adds. */
function asked(text: string): KubeObject {
  const { metadata, ...rest } = JSON.parse(text) as KubeObject;
  const {
    uid: _uid,
    creationTimestamp: _creationTimestamp,
    generation: _generation,
    managedFields: _,
    ...own
  } = metadata;
  return { ...rest, metadata: own };
}
