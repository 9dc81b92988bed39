import type { KindTable } from './kind-table.ts';
import { labels } from './pod-templates.ts';

const noDeviceClass = { spec: { devices: { requests: [{ name: 'a', exactly: {} }] } } };

/** What the parts of a cluster agree upon: coordination, events, flow control, runtime classes, priorities, migrations of what is stored, and devices. */
export const cluster: readonly KindTable[] = [
  {
    resource: 'events.k8s.io/v1/events',
    smallest: {
      eventTime: '2020-01-01T00:00:00.000000Z',
      type: 'Normal',
      reason: 'Tried',
      action: 'Trying',
      reportingController: 'example.com/a',
      reportingInstance: 'a-1',
      regarding: { kind: 'Pod', namespace: '{ns}', name: 'web' },
    },
    invalid: {
      'no time': { eventTime: null },
      'no reason': { reason: null, action: null },
      'bad controller': { reportingController: 'a b' },
      'bad type': { type: 'x' },
    },
    patches: { series: { series: { count: 2, lastObservedTime: '2020-01-01T00:01:00.000000Z' } }, note: { note: 'x' } },
  },
  {
    resource: 'coordination.k8s.io/v1/leases',
    smallest: {},
    invalid: {
      'no time': { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
      'empty holder': { spec: { holderIdentity: '' } },
    },
    patches: { holder: { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } } },
  },
  {
    resource: 'scheduling.k8s.io/v1/priorityclasses',
    smallest: { value: 10 },
    invalid: {
      'too high': { value: 2_000_000_000 },
      'system name': { metadata: { name: 'system-x' } },
      'bad policy': { preemptionPolicy: 'x' },
    },
    patches: { description: { description: 'x' }, value: { value: 11 }, policy: { preemptionPolicy: 'Never' } },
  },
  {
    resource: 'node.k8s.io/v1/runtimeclasses',
    smallest: { handler: 'runc' },
    invalid: {
      'no handler': { handler: '' },
      'bad handler': { handler: 'A_B' },
      'bad overhead': { overhead: { podFixed: { cpu: '-1' } } },
      'bad selector': { scheduling: { nodeSelector: { 'a b': 'c' } } },
    },
    patches: { handler: { handler: 'other' }, overhead: { overhead: { podFixed: { cpu: '1' } } } },
  },
  {
    resource: 'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    smallest: { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
    invalid: {
      'bad type': { spec: { type: 'x' } },
      'no limit': { spec: { limited: null } },
      'bad response': { spec: { limited: { limitResponse: { type: 'x' } } } },
    },
    patches: { shares: { spec: { limited: { nominalConcurrencyShares: 5 } } } },
  },
  {
    resource: 'flowcontrol.apiserver.k8s.io/v1/flowschemas',
    smallest: { spec: { priorityLevelConfiguration: { name: 'catch-all' } } },
    invalid: {
      'no level': { spec: { priorityLevelConfiguration: { name: '' } } },
      'bad precedence': { spec: { matchingPrecedence: 20_000 } },
      'empty rule': { spec: { rules: [{ subjects: [] }] } },
    },
    patches: { precedence: { spec: { matchingPrecedence: 5 } } },
  },
  {
    resource: 'storagemigration.k8s.io/v1/storageversionmigrations',
    smallest: { spec: { resource: { group: '', resource: 'foo' } } },
    invalid: {
      'no resource': { spec: { resource: { resource: '' } } },
      'bad group': { spec: { resource: { group: 'A_B' } } },
    },
    patches: { resource: { spec: { resource: { resource: 'bar' } } } },
    status: {
      status: {
        conditions: [
          { type: 'Failed', status: 'True', reason: 'Tested', message: '', lastTransitionTime: '2020-01-01T00:00:00Z' },
        ],
      },
    },
  },
  {
    resource: 'resource.k8s.io/v1/deviceclasses',
    smallest: { spec: {} },
    invalid: { 'no expression': { spec: { selectors: [{}] } } },
    patches: { selectors: { spec: { selectors: [{ cel: { expression: 'device.driver == "a"' } }] } } },
  },
  {
    resource: 'resource.k8s.io/v1/resourceclaims',
    smallest: { spec: {} },
    invalid: { 'no class': noDeviceClass },
    patches: { devices: { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'b' } }] } } } },
  },
  {
    resource: 'resource.k8s.io/v1/resourceclaimtemplates',
    smallest: { spec: { spec: {} } },
    invalid: { 'no class': { spec: noDeviceClass } },
    patches: { labels: { spec: { metadata: { labels } } } },
  },
  {
    resource: 'resource.k8s.io/v1/resourceslices',
    smallest: {
      spec: { driver: 'a.example.com', nodeName: 'a', pool: { name: 'a', generation: 1, resourceSliceCount: 1 } },
    },
    invalid: {
      'no node': { spec: { nodeName: null } },
      'no driver': { spec: { driver: '' } },
      'empty pool': { spec: { pool: { resourceSliceCount: 0 } } },
    },
    patches: { driver: { spec: { driver: 'b.example.com' } } },
  },
  {
    resource: 'resource.k8s.io/v1/devicetaintrules',
    smallest: { spec: { taint: { key: 'a', effect: 'NoSchedule', timeAdded: '2020-01-01T00:00:00Z' } } },
    invalid: {
      'no key': { spec: { taint: { key: '' } } },
      'bad effect': { spec: { taint: { effect: 'Sometimes' } } },
      'bad driver': { spec: { deviceSelector: { driver: 'a b' } } },
    },
    patches: { value: { spec: { taint: { value: 'b' } } }, selector: { spec: { deviceSelector: { pool: 'p' } } } },
  },
];
