import type { Client } from '../../client/client.ts';
import { localPathProvisioner } from '../../controllers/persistent-volume/local-path.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { ClusterRole, ClusterRoleBinding } from '../../resources/schema/rbac-v1.generated.ts';
import { clusterRoleBindings, clusterRoles, storageClasses } from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';

const options = { fieldManager: 'stuurman' } as const;

/**
 * Objects that Kubernetes leaves to whoever sets the cluster up: rights of our own components, and a default storage class. They are
 * made once; a user may change them, and delete all but the roles.
 */
export async function ensureOwnObjects(client: Client, firstStart: boolean): Promise<void> {
  await Promise.all(
    roles().flatMap(([role, binding]) => [
      create(client, clusterRoles, role),
      create(client, clusterRoleBindings, binding),
    ]),
  );
  if (firstStart) await create(client, storageClasses, defaultStorageClass);
}

async function create<T extends KubeObject>(client: Client, type: ResourceType<T>, object: T): Promise<void> {
  try {
    await client.create(type, object, options);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}

const defaultStorageClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: localPathProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

function roles(): readonly (readonly [ClusterRole, ClusterRoleBinding])[] {
  return [
    roleFor(
      'system:controller:cluster-dns-controller',
      [
        { apiGroups: [''], resources: ['services'], verbs: ['create'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['create', 'update'] },
        { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
      ],
      { kind: 'ServiceAccount', namespace: 'kube-system', name: 'cluster-dns-controller' },
    ),
    // An agent removes the folders of volumes that are gone, and its name server follows services and namespaces.
    roleFor(
      'stuurman:node',
      [
        { apiGroups: [''], resources: ['persistentvolumes', 'namespaces'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
      ],
      { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:nodes' },
    ),
  ];
}

function roleFor(
  name: string,
  rules: ClusterRole['rules'],
  subject: NonNullable<ClusterRoleBinding['subjects']>[number],
): readonly [ClusterRole, ClusterRoleBinding] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [subject],
    },
  ];
}
