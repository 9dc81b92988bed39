import type { KindTable } from './kind-table.ts';

/** An empty request for a key of Ed25519. */
const stubPKCS10Request =
  'MH8wMwIBADAAMCowBQYDK2VwAyEAYAGugr17t0ssogyidz6NL2SVIO2VqQX1Q9hvEx13bLmgADAFBgMrZXADQQDAwqvraZPLoqKL3vn2dhtV0bHt37hsrSZrlTDK/6uPUrW84rcGQvBYA9ztQfdK6dE+L0IDwvfqIkVvS57IcnYJ';
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
    resource: 'certificates.k8s.io/v1/podcertificaterequests',
    smallest: {
      spec: {
        signerName: 'example.com/signer',
        podName: 'web',
        podUID: 'pod-1',
        serviceAccountName: 'default',
        serviceAccountUID: 'account-1',
        nodeName: 'node-1',
        nodeUID: 'node-1',
        stubPKCS10Request,
      },
    },
    invalid: {
      'no request': { spec: { stubPKCS10Request: null } },
      'too long': { spec: { maxExpirationSeconds: 8_000_000 } },
      'bad names': { spec: { podName: 'A', nodeName: '_', signerName: 'x' } },
    },
    patches: { pod: { spec: { podName: 'other' } }, label: { metadata: { labels: { a: 'b' } } } },
    status: {
      status: {
        conditions: [
          {
            type: 'Denied',
            status: 'True',
            reason: 'Because',
            message: 'no',
            lastTransitionTime: '2020-01-01T00:00:00Z',
          },
        ],
      },
    },
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
