import type { KindTable } from './kind-table.ts';

/** The two kinds of webhooks are asked the same. */
const hooks: Omit<KindTable, 'resource'> = {
  smallest: { webhooks: [] },
  invalid: {
    'bad hook': { webhooks: [{ name: 'x', clientConfig: {}, sideEffects: 'Some', admissionReviewVersions: [] }] },
  },
  patches: {
    hooks: {
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { url: 'https://example.com' },
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  },
};
const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };

/** What extends the API: apiextensions.k8s.io, apiregistration.k8s.io and admissionregistration.k8s.io. */
export const extensions: readonly KindTable[] = [
  {
    resource: 'apiregistration.k8s.io/v1/apiservices',
    smallest: {
      metadata: { name: 'v1.example.com' },
      spec: {
        group: 'example.com',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 10,
        service: { name: 'web', namespace: '{ns}' },
      },
    },
    invalid: {
      'bad name': { metadata: { name: 'other' } },
      'no priority': { spec: { groupPriorityMinimum: 0, versionPriority: 0 } },
      'secure and not': { spec: { insecureSkipTLSVerify: true, caBundle: 'eA==' } },
    },
    patches: { priority: { spec: { versionPriority: 20 } } },
  },
  {
    resource: 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    ...hooks,
  },
  {
    resource: 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    ...hooks,
  },
  {
    resource: 'apiextensions.k8s.io/v1/customresourcedefinitions',
    smallest: {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [version],
      },
    },
    invalid: {
      'other name': { metadata: { name: 'other.example.com' } },
      'no versions': { spec: { versions: [] } },
      'no schema': { spec: { versions: [{ name: 'v1', served: true, storage: true }] } },
      'nothing stored': {
        spec: {
          versions: [{ ...version, storage: false }],
        },
      },
      'not structural': {
        spec: {
          versions: [{ ...version, schema: { openAPIV3Schema: { properties: { a: {} } } } }],
        },
      },
      'bad scope': { spec: { scope: 'x' } },
    },
  },
];
