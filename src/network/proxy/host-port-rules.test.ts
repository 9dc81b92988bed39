import { expect, test } from 'vitest';
import type { ContainerPort, Pod } from '../../resources/schema/core-v1.generated.ts';
import { hostPortRules, hostPorts } from './host-port-rules.ts';

const pod = (ports: readonly ContainerPort[], more: Partial<Pod> = {}): Pod => ({
  metadata: { namespace: 'shop', name: 'web' },
  spec: { containers: [{ name: 'c', ports }] },
  status: { podIP: '10.244.0.5', phase: 'Running' },
  ...more,
});
const web: ContainerPort = { containerPort: 80, hostPort: 8080 };

test('ports of the node lead to the pod, on one address or on all', () => {
  const ports = [
    web,
    { containerPort: 53, hostPort: 5353, protocol: 'UDP', hostIP: '127.0.0.1' },
    { containerPort: 9 },
  ];
  expect(hostPortRules(hostPorts(pod(ports))).elements).toEqual([
    { set: 'host-ports', key: 'tcp . 8080', value: '10.244.0.5 . 80' },
    { set: 'hairpins', key: '10.244.0.5 . 10.244.0.5', value: '' },
    { set: 'host-address-ports', key: 'udp . 127.0.0.1 . 5353', value: '10.244.0.5 . 53' },
    { set: 'hairpins', key: '10.244.0.5 . 10.244.0.5', value: '' },
  ]);
});

test.each([
  ['without an address', pod([web], { status: { phase: 'Pending' } })],
  ['that has ended', pod([web], { status: { podIP: '10.244.0.5', phase: 'Failed' } })],
  ['in the network of the node', pod([], { spec: { hostNetwork: true, containers: [{ name: 'c', ports: [web] }] } })],
])('a pod %s has none', (_what, given) => {
  expect(hostPorts(given)).toEqual([]);
});

test('sidecars have theirs, other init containers do not', () => {
  const spec = {
    initContainers: [
      { name: 'once', ports: [{ containerPort: 1, hostPort: 1 }] },
      { name: 'side', restartPolicy: 'Always', ports: [{ containerPort: 2, hostPort: 2 }] },
    ],
    containers: [{ name: 'c' }],
  };
  expect(hostPorts(pod([], { spec })).map(({ hostPort }) => hostPort)).toEqual([2]);
});
