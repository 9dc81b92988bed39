import type { KindTable } from './kind-table.ts';

/** The group storage.k8s.io. */
export const storage: readonly KindTable[] = [
  {
    resource: 'storage.k8s.io/v1/csidrivers',
    smallest: { spec: {} },
    invalid: {
      'bad name': { metadata: { name: 'Bad_Name' } },
      'bad mode': { spec: { volumeLifecycleModes: ['x'] } },
      'bad policy': { spec: { fsGroupPolicy: 'x' } },
      'audience twice': { spec: { tokenRequests: [{ audience: 'a' }, { audience: 'a' }] } },
    },
    patches: { attach: { spec: { attachRequired: false } }, republish: { spec: { requiresRepublish: true } } },
  },
  {
    resource: 'storage.k8s.io/v1/csinodes',
    smallest: { spec: { drivers: [] } },
    invalid: {
      'no node id': { spec: { drivers: [{ name: 'a.example.com' }] } },
      'driver twice': {
        spec: {
          drivers: [
            { name: 'a', nodeID: 'x' },
            { name: 'a', nodeID: 'x' },
          ],
        },
      },
    },
    patches: {
      drivers: { spec: { drivers: [{ name: 'a.example.com', nodeID: 'x' }] } },
      'node id': { spec: { drivers: [{ name: 'a.example.com', nodeID: 'y' }] } },
    },
  },
  {
    resource: 'storage.k8s.io/v1/csistoragecapacities',
    smallest: { storageClassName: 'a' },
    invalid: { 'no class': { storageClassName: '' }, negative: { capacity: '-1' } },
    patches: { capacity: { capacity: '1Gi' }, class: { storageClassName: 'b' } },
  },
  {
    resource: 'storage.k8s.io/v1/storageclasses',
    smallest: { provisioner: 'example.com/disk' },
    invalid: {
      'no provisioner': { provisioner: '' },
      'bad binding mode': { volumeBindingMode: 'x' },
      'bad reclaim policy': { reclaimPolicy: 'x' },
      'bad parameters': { parameters: { '': 'x' } },
    },
    patches: {
      expansion: { allowVolumeExpansion: true },
      provisioner: { provisioner: 'other' },
      parameters: { parameters: { a: 'b' } },
    },
  },
  {
    resource: 'storage.k8s.io/v1/volumeattachments',
    smallest: { spec: { attacher: 'a.example.com', nodeName: 'a', source: { persistentVolumeName: 'v' } } },
    invalid: {
      'no source': { spec: { source: null } },
      'no node': { spec: { nodeName: '' } },
      'no attacher': { spec: { attacher: '' } },
    },
    patches: { node: { spec: { nodeName: 'b' } } },
    status: { status: { attached: true } },
  },
  {
    resource: 'storage.k8s.io/v1/volumeattributesclasses',
    smallest: { driverName: 'a.example.com', parameters: { a: 'b' } },
    invalid: { 'no driver': { driverName: '' }, 'no parameters': { parameters: null } },
    patches: { parameters: { parameters: { a: 'c' } } },
  },
];
