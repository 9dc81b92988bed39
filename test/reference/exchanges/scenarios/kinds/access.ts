import type { KindTable } from './kind-table.ts';

const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' };
const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const noVerbs = { rules: [{ apiGroups: [''], resources: ['pods'] }] };

/** Who may do what, and who is believed: rbac.authorization.k8s.io and certificates.k8s.io. */
export const access: readonly KindTable[] = [
  {
    resource: 'certificates.k8s.io/v1/clustertrustbundles',
    smallest: { spec: { trustBundle: '' } },
    invalid: { 'no certificates': { spec: { trustBundle: 'x' } }, 'bad signer': { spec: { signerName: 'x' } } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/clusterroles',
    smallest: {},
    invalid: {
      'no verbs': noVerbs,
      'paths and resources': { rules: [{ ...rule, nonResourceURLs: ['/x'] }] },
      'bad selector': { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'a b': 'c' } }] } },
    },
    patches: { rules: { rules: [rule] } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/clusterrolebindings',
    smallest: { roleRef: { ...role, kind: 'ClusterRole' } },
    invalid: {
      'no role': { roleRef: null },
      'role of a namespace': { roleRef: { kind: 'Role' } },
      'bad subject': { subjects: [{ kind: 'x', name: 'y' }] },
    },
    patches: { subjects: { subjects: [{ kind: 'User', name: 'a' }] }, role: { roleRef: { name: 'other' } } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/roles',
    smallest: {},
    invalid: {
      'no verbs': noVerbs,
      paths: { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] },
    },
    patches: { rules: { rules: [rule] } },
  },
  {
    resource: 'rbac.authorization.k8s.io/v1/rolebindings',
    smallest: { roleRef: role },
    invalid: {
      'no role': { roleRef: null },
      'bad group': { roleRef: { apiGroup: 'x' } },
      'bad subject': { subjects: [{ kind: 'ServiceAccount', name: '' }] },
    },
    patches: { subjects: { subjects: [{ kind: 'ServiceAccount', name: 'a' }] }, role: { roleRef: { name: 'other' } } },
  },
];
