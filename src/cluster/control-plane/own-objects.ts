import { repairedRole } from '../../apiserver/bootstrap/ensure-bootstrap.ts';
import { ensureObjects } from '../../apiserver/bootstrap/ensure-objects.ts';
import type { Client } from '../../client/client.ts';
import { localPathProvisioner } from '../../controllers/persistent-volume/local-path.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { nodeBootstrappersGroup } from '../../resources/bootstrap/bootstrap-token.ts';
import { clusterInfo } from '../../resources/bootstrap/cluster-info.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  Subject,
} from '../../resources/schema/rbac-v1.generated.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
} from '../../resources/schema/resource-types.generated.ts';
import type { StorageClass } from '../../resources/schema/storage-v1.generated.ts';

import { clusterFactsKey } from './cluster-facts.ts';

export const ownFieldManager = 'stuurman';
const options = { fieldManager: ownFieldManager } as const;
const apiVersion = 'rbac.authorization.k8s.io/v1';

type Grant = readonly [ClusterRole, ClusterRoleBinding];

/**
 * Objects that Kubernetes leaves to whoever sets the cluster up: rights of our own components, and a default storage class. A new cluster
 * begins with them (`own-entries.generated.ts`).
 */
export function ownObjects(): readonly KubeObject[] {
  return [...grants().flat(), metricsReader, ...joinGrants(), ...readers().flat(), defaultStorageClass];
}

/** Of a cluster that is there already. A user may change them, and delete all but the rights, which get what they lack. */
export async function ensureOwnObjects(client: Client): Promise<void> {
  const leave = () => undefined;
  const [wantedRoles, wantedBindings] = [grants().map(([role]) => role), grants().map(([, binding]) => binding)];
  const own = readers();
  await Promise.all([
    ensureObjects(client, clusterRoles, [...wantedRoles, metricsReader], repairedRole, options),
    ensureObjects(client, clusterRoleBindings, [...wantedBindings, ...joinGrants()], leave, options),
    ensureObjects(
      client,
      roles,
      own.map(([role]) => role),
      leave,
      options,
    ),
    ensureObjects(
      client,
      roleBindings,
      own.map(([, binding]) => binding),
      leave,
      options,
    ),
  ]);
}

const defaultStorageClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: localPathProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

/** Who may read what a namespace has may read what it uses: the role comes with metrics-server elsewhere. */
const metricsReader: ClusterRole = {
  apiVersion,
  kind: 'ClusterRole',
  metadata: {
    name: 'system:aggregated-metrics-reader',
    labels: {
      'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
    },
  },
  rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
};

function grants(): readonly Grant[] {
  return [
    roleFor(
      'system:controller:kubelet-serving-approver',
      [
        { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
        {
          apiGroups: ['certificates.k8s.io'],
          resources: ['signers'],
          resourceNames: ['kubernetes.io/kubelet-serving'],
          verbs: ['approve'],
        },
      ],
      { kind: 'ServiceAccount', namespace: 'kube-system', name: 'kubelet-serving-approver' },
    ),
    // A machine that wants to join looks first whether its name is taken.
    roleFor(
      'kubeadm:get-nodes',
      [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
      groupSubject(nodeBootstrappersGroup),
    ),
    roleFor(
      'system:controller:cluster-dns-controller',
      [
        { apiGroups: [''], resources: ['services'], verbs: ['create'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['create', 'update'] },
        { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
      ],
      { kind: 'ServiceAccount', namespace: 'kube-system', name: 'cluster-dns-controller' },
    ),
    roleFor(
      'system:controller:flow-schema-controller',
      [{ apiGroups: ['flowcontrol.apiserver.k8s.io'], resources: ['flowschemas/status'], verbs: ['patch'] }],
      { kind: 'ServiceAccount', namespace: 'kube-system', name: 'flow-schema-controller' },
    ),
    roleFor(
      'system:controller:ip-address-controller',
      [
        { apiGroups: ['networking.k8s.io'], resources: ['ipaddresses'], verbs: ['create', 'delete'] },
        { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
      ],
      { kind: 'ServiceAccount', namespace: 'kube-system', name: 'ip-address-controller' },
    ),
    roleFor(
      'system:controller:secret-token-controller',
      [
        { apiGroups: [''], resources: ['secrets'], verbs: ['update', 'delete'] },
        { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
      ],
      { kind: 'ServiceAccount', namespace: 'kube-system', name: 'secret-token-controller' },
    ),
    // An agent removes the folders of volumes that are gone, its name server follows services and namespaces, and its routes other nodes.
    roleFor(
      'stuurman:node',
      [
        { apiGroups: [''], resources: ['persistentvolumes', 'namespaces', 'nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
      ],
      groupSubject('system:nodes'),
    ),
  ];
}

/** What kubeadm grants under these names, so that its tokens and its documentation hold here too. */
function joinGrants(): readonly ClusterRoleBinding[] {
  const requests = 'system:certificates.k8s.io:certificatesigningrequests';
  return [
    bindingOf('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', groupSubject(nodeBootstrappersGroup)),
    bindingOf('kubeadm:node-autoapprove-bootstrap', `${requests}:nodeclient`, groupSubject(nodeBootstrappersGroup)),
    bindingOf(
      'kubeadm:node-autoapprove-certificate-rotation',
      `${requests}:selfnodeclient`,
      groupSubject('system:nodes'),
    ),
  ];
}

/**
 * Everybody may read how the cluster is reached and trusted, for what is in there is proven by signatures; nodes follow where the API is
 * reached.
 */
function readers(): readonly (readonly [Role, RoleBinding])[] {
  const everybody: Subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'system:anonymous' };
  const follow = ['get', 'list', 'watch'];
  return [
    readersOf('kubeadm:bootstrap-signer-clusterinfo', clusterInfo, ['get'], everybody),
    // Nodes look whether the authority has been renewed.
    readersOf('stuurman:cluster-info', clusterInfo, ['get'], groupSubject('system:nodes')),
    readersOf('stuurman:cluster-facts', clusterFactsKey, follow, groupSubject('system:nodes')),
  ];
}

function readersOf(
  name: string,
  { namespace, name: configMap }: { readonly namespace: string; readonly name: string },
  verbs: readonly string[],
  subject: Subject,
): readonly [Role, RoleBinding] {
  const metadata = { namespace, name };
  return [
    {
      apiVersion,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMap], verbs }],
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [subject],
    },
  ];
}

function roleFor(name: string, rules: ClusterRole['rules'], subject: Subject): Grant {
  return [{ apiVersion, kind: 'ClusterRole', metadata: { name }, rules }, bindingOf(name, name, subject)];
}

function bindingOf(name: string, role: string, subject: Subject): ClusterRoleBinding {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject],
  };
}

function groupSubject(name: string): Subject {
  return { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name };
}
