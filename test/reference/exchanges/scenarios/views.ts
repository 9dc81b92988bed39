import { get, partial, patch, post, put, type Topic } from '../scenario.ts';

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const request =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHdk1HTUNBUUF3TURFVk1CTUdBMVVFQ2d3TWMzbHpkR1Z0T201dlpHVnpNUmN3RlFZRFZRUUREQTV6ZVhOMApaVzA2Ym05a1pUcHVNVEFxTUFVR0F5dGxjQU1oQURONXdTMlNMZnlBbkc4ZXROTUxSWFFqYkovMitaRzBmQUxGCk4zb2lMQ3Awb0FBd0JRWURLMlZ3QTBFQXpveGh5cmRjUDdWRk9LWFAvb3Bpa1lrT3VKMS9DUTBFRUxVelhrQ2gKeGRXMUM2OGYzS2RWMTNtdkJPamIwTS9IMk9tRWNpR2hDOTVWcE9seHo2VldEdz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=';
const asked = {
  metadata: { name: 'views-csr', labels: { a: 'b' } },
  spec: { request, signerName: 'example.com/signer', usages: ['client auth'] },
};
const approved = { type: 'Approved', status: 'True', reason: 'Trusted', message: 'by hand' };
const attachments = '/apis/storage.k8s.io/v1/volumeattachments';
const nodes = '/apis/storage.k8s.io/v1/csinodes';
const daemonSets = '/apis/apps/v1/namespaces/{ns}/daemonsets';
const pods = '/api/v1/namespaces/{ns}/pods';
const deployments = '/apis/apps/v1/namespaces/{ns}/deployments';
const containers = [{ name: 'main', image: 'web:1' }];
const labels = { app: 'web' };
const workload = {
  metadata: { name: 'web', annotations: { kept: 'yes' } },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
};
const strange = { labels: { new: 'label' }, annotations: { new: 'annotation' }, finalizers: ['example.com/new'] };
const as = (manager: string) => `fieldManager=${manager}`;

/** What of an object its subresources may write, and who owns it then. */
export const views: Topic = {
  name: 'views',
  scenarios: [
    {
      what: 'a certificate request is approved and signed',
      steps: [
        post(`${requests}?${as('asker')}`, asked),
        patch('merge', `${requests}/views-csr?${as('asker')}`, { spec: { signerName: 'example.com/other' } }),
        patch('merge', `${requests}/views-csr/approval?${as('approver')}`, { status: { conditions: [approved] } }),
        patch('merge', `${requests}/views-csr/approval?${as('approver')}`, { metadata: strange }),
        patch('merge', `${requests}/views-csr/status?${as('signer')}`, {
          status: { conditions: [{ ...approved, type: 'Failed' }], certificate: 'bm90IG9uZQ==' },
        }),
        patch('merge', `${requests}/views-csr/status?${as('signer')}`, {
          status: { conditions: [approved, { ...approved, type: 'Failed' }] },
        }),
        patch('apply', `${requests}/views-csr/approval?${as('applier')}`, {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { name: 'views-csr' },
          status: { conditions: [{ ...approved, message: 'again' }] },
        }),
        get(`${requests}/views-csr`),
      ],
    },
    {
      what: 'status of what keeps its metadata',
      steps: [
        post(`${attachments}?${as('maker')}`, {
          metadata: { name: 'views-attachment', labels },
          spec: { attacher: 'a.example.com', nodeName: 'one', source: { persistentVolumeName: 'disk' } },
        }),
        patch('merge', `${attachments}/views-attachment/status?${as('driver')}`, {
          metadata: strange,
          spec: { nodeName: 'two' },
          status: { attached: true },
        }),
        post(`${nodes}?${as('maker')}`, {
          metadata: { name: 'views-node', labels },
          spec: { drivers: [{ name: 'a.example.com', nodeID: 'x' }] },
        }),
        patch('merge', `${nodes}/views-node/status?${as('driver')}`, { metadata: strange, spec: { drivers: [] } }),
      ],
    },
    {
      what: 'status of workloads',
      steps: [
        post(`${deployments}?${as('maker')}`, workload),
        patch('merge', `${deployments}/web/status?${as('controller')}`, {
          metadata: strange,
          spec: { replicas: 7 },
          status: { replicas: 1 },
        }),
        post(`${daemonSets}?${as('maker')}`, workload),
        patch('merge', `${daemonSets}/web/status?${as('controller')}`, {
          metadata: { annotations: { ...strange.annotations, 'deprecated.daemonset.template.generation': '7' } },
          status: { currentNumberScheduled: 1, numberMisscheduled: 0, desiredNumberScheduled: 1, numberReady: 1 },
        }),
        patch('merge', `${daemonSets}/web?${as('other')}`, { spec: { minReadySeconds: 5 } }),
        patch('merge', `${daemonSets}/web?${as('other')}`, {
          spec: { template: { metadata: { labels: { ...labels, more: 'yes' } } } },
        }),
        get(`${daemonSets}/web`, partial('PartialObjectMetadata')),
        get(daemonSets, partial('PartialObjectMetadataList')),
        put(`${daemonSets}/web`, workload),
      ],
    },
    {
      what: 'views of a pod',
      steps: [
        post(`${pods}?${as('maker')}`, {
          metadata: { name: 'web', labels },
          spec: { automountServiceAccountToken: false, containers },
        }),
        patch('merge', `${pods}/web/status?${as('kubelet')}`, {
          metadata: { ...strange, ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }] },
          status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
        }),
        patch('strategic', `${pods}/web/ephemeralcontainers?${as('debugger')}`, {
          metadata: { labels: { other: 'label' } },
          spec: { ephemeralContainers: [{ name: 'debug', image: 'tools:1' }] },
        }),
        patch('strategic', `${pods}/web/resize?${as('sizer')}`, {
          metadata: { labels: { other: 'label' } },
          spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] },
        }),
        get(`${pods}/web`),
      ],
    },
  ],
};
