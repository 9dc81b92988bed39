import { expect, test } from 'vitest';
import type { Pod, PodSpec } from '../../resources/schema/core-v1.generated.ts';
import { type AdmissionInput, admitPod } from './pod-admission.ts';

const podOf = (spec: Partial<PodSpec>, requests: Record<string, string> = {}): Pod => ({
  metadata: { name: 'pod' },
  spec: { containers: [{ name: 'main', resources: { requests } }], ...spec },
});

const admit = (pod: Pod, more: Partial<AdmissionInput> = {}) =>
  admitPod({
    pod,
    active: [],
    node: { metadata: { name: 'node-1', labels: { disk: 'ssd' } } },
    allocatable: { cpu: '2', memory: '1Gi', pods: '3' },
    ...more,
  });

test('takes what fits', () => {
  expect(admit(podOf({}, { cpu: '2', memory: '1Gi' }))).toBeUndefined();
  expect(admit(podOf({}, { 'example.com/gpu': '1' }))).toBeUndefined();
});

test.each([
  [{ cpu: '1500m' }, 'cpu', 'requested: 1500, used: 1000, capacity: 2000'],
  [{ memory: '2Gi' }, 'memory', 'requested: 2147483648, used: 536870912, capacity: 1073741824'],
])('refuses %o', (requests, resource, numbers) => {
  const active = [podOf({}, { cpu: '1', memory: '512Mi' })];
  expect(admit(podOf({}, requests), { active })).toEqual({
    reason: `OutOf${resource}`,
    message: `Node didn't have enough resource: ${resource}, ${numbers}`,
  });
});

test('refuses one pod more than the node may have', () => {
  expect(admit(podOf({}), { active: [podOf({}), podOf({}), podOf({})] })).toEqual({
    reason: 'OutOfpods',
    message: "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  });
});

test('refuses what its selector keeps from the node, a port in use, a taint, another system', () => {
  const ports = [{ containerPort: 80, hostPort: 80 }];
  const onPort = podOf({ containers: [{ name: 'main', ports }] });
  expect(admit(podOf({ nodeSelector: { disk: 'ssd' } }))).toBeUndefined();
  expect(admit(podOf({ nodeSelector: { disk: 'hdd' } }))?.message).toBe(
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  );
  expect(admit(onPort, { active: [podOf({})] })).toBeUndefined();
  expect(admit(onPort, { active: [onPort] })?.reason).toBe('NodePorts');
  const taints = [{ key: 'broken', effect: 'NoExecute' }];
  const node = { metadata: { name: 'node-1' }, spec: { taints } };
  expect(admit(podOf({}), { node })?.reason).toBe('TaintToleration');
  expect(admit(podOf({ tolerations: [{ operator: 'Exists' }] }), { node })).toBeUndefined();
  expect(admit(podOf({ os: { name: 'windows' } }))?.reason).toBe('PodOSNotSupported');
});

test.each<[Partial<PodSpec>, string, string]>([
  [
    { containers: [{ name: 'main', volumeDevices: [{ name: 'disk', devicePath: '/dev/x' }] }] },
    'PodFeatureUnsupported',
    'Pod requires node features that are not available: BlockVolume',
  ],
  [
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    'SysctlForbidden',
    'forbidden sysctl: "kernel.msgmax" not allowlisted',
  ],
  [
    { hostNetwork: true, securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } },
    'SysctlForbidden',
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host Net enabled',
  ],
  [
    { securityContext: { supplementalGroupsPolicy: 'Strict' } },
    'SupplementalGroupsPolicyNotSupported',
    'SupplementalGroupsPolicy=Strict is not supported in this node',
  ],
  [
    { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } } },
    'AppArmor',
    'Cannot enforce AppArmor: AppArmor is not enabled on the host',
  ],
])('refuses what it would do otherwise than asked: %o', (spec, reason, message) => {
  expect(admit(podOf(spec))).toEqual({ reason, message });
});

test('takes pods that are strict about groups where the runtime can be', () => {
  const pod = podOf({ securityContext: { supplementalGroupsPolicy: 'Strict' } });
  const on = (supplementalGroupsPolicy: boolean) =>
    admit(pod, { node: { metadata: { name: 'node-1' }, status: { features: { supplementalGroupsPolicy } } } });
  expect(on(true)).toBeUndefined();
  expect(on(false)?.reason).toBe('SupplementalGroupsPolicyNotSupported');
});

test('takes kernel parameters that harm nobody', () => {
  const sysctls = [
    { name: 'net/ipv4/ip_local_port_range', value: '1024 65000' },
    { name: 'kernel.shm_rmid_forced', value: '1' },
  ];
  expect(admit(podOf({ securityContext: { sysctls } }))).toBeUndefined();
});
