import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';
import { containerMessage, sandboxMessage } from './config-messages.ts';
import {
  ContainerConfigSchema,
  MountPropagation,
  NamespaceMode,
  PodSandboxConfigSchema,
  Protocol,
  SecurityProfile_ProfileType,
  Signal,
  SupplementalGroupsPolicy,
} from './generated/runtime-v1.generated.ts';

const security: SandboxConfig['securityContext'] = {
  privileged: false,
  runAsUser: 0,
  runAsGroup: undefined,
  runAsUsername: undefined,
  supplementalGroups: [5, 6],
  supplementalGroupsPolicy: 'Strict',
  readOnlyRootFilesystem: true,
  addCapabilities: ['NET_ADMIN'],
  dropCapabilities: ['ALL'],
  noNewPrivileges: true,
  seccomp: { type: 'Localhost', path: 'profile.json' },
  maskedPaths: ['/proc/kcore'],
  readonlyPaths: ['/proc/sys'],
};

const sandbox: SandboxConfig = {
  metadata: { name: 'web-0', namespace: 'shop', uid: 'u', attempt: 3 },
  hostname: 'web-0',
  logDirectory: '/var/log/pods/x',
  dns: { servers: ['10.96.0.10'], searches: ['svc'], options: ['ndots:5'] },
  portMappings: [{ protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }],
  labels: { a: 'b' },
  annotations: {},
  cgroupParent: '/stuurman/podu',
  hostNetwork: false,
  hostPid: false,
  hostIpc: true,
  shareProcessNamespace: false,
  sysctls: { 'net.core.somaxconn': '1024' },
  securityContext: security,
  runtimeHandler: '',
};

const container: ContainerConfig = {
  metadata: { name: 'main', attempt: 1 },
  image: 'sha256:1',
  command: ['run'],
  args: ['fast'],
  workingDirectory: '/srv',
  env: [{ name: 'GREETING', value: 'grüß' }],
  mounts: [{ containerPath: '/data', hostPath: '/mnt', readOnly: true, propagation: 'hostToContainer' }],
  devices: [],
  labels: {},
  annotations: {},
  logPath: 'main/1.log',
  stdin: true,
  stdinOnce: false,
  tty: false,
  resources: { cpuShares: 512, cpuQuota: 50_000, cpuPeriod: 100_000, memoryLimitBytes: 1 << 30, oomScoreAdj: -997 },
  securityContext: security,
  stopSignal: 'SIGRTMIN+1',
};

test('a sandbox as CRI takes it; the number zero is not the absence of one', () => {
  const message = create(PodSandboxConfigSchema, sandboxMessage(sandbox));
  expect(message).toMatchObject({
    metadata: { name: 'web-0', namespace: 'shop', uid: 'u', attempt: 3 },
    dnsConfig: { servers: ['10.96.0.10'], searches: ['svc'], options: ['ndots:5'] },
    portMappings: [{ protocol: Protocol.UDP, containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' }],
    linux: { cgroupParent: '/stuurman/podu', sysctls: { 'net.core.somaxconn': '1024' } },
  });
  expect(message.hostname).toBe('web-0');
  expect(sandboxMessage({ ...sandbox, hostNetwork: true }).hostname).toBe('');
  const context = message.linux?.securityContext;
  expect(context?.runAsUser?.value).toBe(0n);
  expect(context?.runAsGroup).toBeUndefined();
  expect(context?.supplementalGroups).toEqual([5n, 6n]);
  expect(context?.supplementalGroupsPolicy).toBe(SupplementalGroupsPolicy.Strict);
  expect(context?.seccomp).toMatchObject({
    profileType: SecurityProfile_ProfileType.Localhost,
    localhostRef: 'profile.json',
  });
});

test.each([
  [{}, { network: NamespaceMode.POD, pid: NamespaceMode.CONTAINER, ipc: NamespaceMode.NODE }],
  [{ shareProcessNamespace: true }, { pid: NamespaceMode.POD }],
  [{ shareProcessNamespace: true, hostPid: true }, { pid: NamespaceMode.NODE }],
  [
    { hostNetwork: true, hostIpc: false },
    { network: NamespaceMode.NODE, ipc: NamespaceMode.POD },
  ],
])('namespaces of %j, alike for sandbox and container', (change, expected) => {
  const changed = { ...sandbox, ...change };
  const inSandbox = create(PodSandboxConfigSchema, sandboxMessage(changed)).linux?.securityContext?.namespaceOptions;
  const inContainer = create(ContainerConfigSchema, containerMessage(container, changed)).linux?.securityContext;
  expect(inSandbox).toMatchObject(expected);
  expect(inContainer?.namespaceOptions).toEqual(inSandbox);
});

test.each([
  [{}, { pid: NamespaceMode.TARGET, targetId: 'other' }],
  [{ shareProcessNamespace: true }, { pid: NamespaceMode.POD, targetId: '' }],
  [{ hostPid: true }, { pid: NamespaceMode.NODE, targetId: '' }],
])('processes of another container, where namespaces are %j', (change, expected) => {
  const config = { ...container, processNamespaceOf: 'other' };
  const message = create(ContainerConfigSchema, containerMessage(config, { ...sandbox, ...change }));
  expect(message.linux?.securityContext?.namespaceOptions).toMatchObject(expected);
});

test('a container as CRI takes it', () => {
  const message = create(ContainerConfigSchema, containerMessage(container, sandbox));
  expect(message).toMatchObject({
    image: { image: 'sha256:1' },
    envs: [{ key: 'GREETING', value: new TextEncoder().encode('grüß') }],
    mounts: [{ readonly: true, propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER }],
    logPath: 'main/1.log',
    stopSignal: Signal.SIGRTMINPLUS1,
    linux: {
      resources: { cpuShares: 512n, cpuQuota: 50_000n, memoryLimitInBytes: 1073741824n, oomScoreAdj: -997n },
      securityContext: {
        capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
        readonlyRootfs: true,
        noNewPrivs: true,
        maskedPaths: ['/proc/kcore'],
        runAsUsername: '',
      },
    },
  });
});

test.each([
  ['SIGTERM', Signal.SIGTERM],
  [undefined, Signal.RUNTIME_DEFAULT],
  ['SIGNONSENSE', Signal.RUNTIME_DEFAULT],
])('the stop signal %s', (stopSignal, expected) => {
  expect(containerMessage({ ...container, stopSignal }, sandbox).stopSignal).toBe(expected);
});
