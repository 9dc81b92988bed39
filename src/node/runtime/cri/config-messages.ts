import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ContainerConfig, LinuxResources, Mount, SandboxConfig, SecurityContext } from '../runtime.ts';
import {
  type ContainerConfigSchema,
  type LinuxContainerResourcesSchema,
  type LinuxContainerSecurityContextSchema,
  MountPropagation,
  NamespaceMode,
  type NamespaceOptionSchema,
  type PodSandboxConfigSchema,
  Protocol,
  SecurityProfile_ProfileType,
  type SecurityProfileSchema,
  Signal,
  SupplementalGroupsPolicy,
} from './generated/runtime-v1.generated.ts';

/** A sandbox as CRI takes it. */
export function sandboxMessage(config: SandboxConfig): MessageInitShape<typeof PodSandboxConfigSchema> {
  const security = config.securityContext;
  return {
    metadata: { ...config.metadata },
    // On the host's network there is no name of its own, and runc refuses to set one.
    hostname: config.hostNetwork ? '' : config.hostname,
    logDirectory: config.logDirectory,
    ...(config.dns === undefined
      ? {}
      : {
          dnsConfig: {
            servers: [...config.dns.servers],
            searches: [...config.dns.searches],
            options: [...config.dns.options],
          },
        }),
    portMappings: config.portMappings.map((mapping) => ({ ...mapping, protocol: Protocol[mapping.protocol] })),
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: { ...config.sysctls },
      securityContext: {
        namespaceOptions: namespaceOptions(config),
        ...optional('runAsUser', security.runAsUser),
        ...optional('runAsGroup', security.runAsGroup),
        readonlyRootfs: security.readOnlyRootFilesystem,
        supplementalGroups: security.supplementalGroups.map(BigInt),
        supplementalGroupsPolicy: SupplementalGroupsPolicy[security.supplementalGroupsPolicy],
        privileged: security.privileged,
        seccomp: seccomp(security),
      },
    },
  };
}

/** A container as CRI takes it. `sandbox` is the configuration its sandbox was made with. */
export function containerMessage(
  config: ContainerConfig,
  sandbox: SandboxConfig,
): MessageInitShape<typeof ContainerConfigSchema> {
  return {
    metadata: { ...config.metadata },
    image: { image: config.image },
    command: [...config.command],
    args: [...config.args],
    workingDir: config.workingDirectory,
    envs: config.env.map(({ name, value }) => ({ key: name, value: new TextEncoder().encode(value) })),
    mounts: config.mounts.map(mount),
    devices: config.devices.map((device) => ({ ...device })),
    labels: { ...config.labels },
    annotations: { ...config.annotations },
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: resourcesMessage(config.resources),
      securityContext: containerSecurity(config, sandbox),
    },
    stopSignal: signal(config.stopSignal),
  };
}

export function resourcesMessage(resources: LinuxResources): MessageInitShape<typeof LinuxContainerResourcesSchema> {
  return {
    cpuPeriod: BigInt(resources.cpuPeriod),
    cpuQuota: BigInt(resources.cpuQuota),
    cpuShares: BigInt(resources.cpuShares),
    memoryLimitInBytes: BigInt(resources.memoryLimitBytes),
    oomScoreAdj: BigInt(resources.oomScoreAdj),
  };
}

function namespaceOptions(sandbox: SandboxConfig): MessageInitShape<typeof NamespaceOptionSchema> {
  const pid = sandbox.shareProcessNamespace ? NamespaceMode.POD : NamespaceMode.CONTAINER;
  return {
    network: sandbox.hostNetwork ? NamespaceMode.NODE : NamespaceMode.POD,
    ipc: sandbox.hostIpc ? NamespaceMode.NODE : NamespaceMode.POD,
    pid: sandbox.hostPid ? NamespaceMode.NODE : pid,
  };
}

/** The processes of a target are joined only where each container has its own. */
function targeting<Options extends MessageInitShape<typeof NamespaceOptionSchema>>(
  options: Options,
  targetId: string | undefined,
): MessageInitShape<typeof NamespaceOptionSchema> {
  if (targetId === undefined || options.pid !== NamespaceMode.CONTAINER) return options;
  return { ...options, pid: NamespaceMode.TARGET, targetId };
}

function containerSecurity(
  { securityContext: security, processNamespaceOf }: ContainerConfig,
  sandbox: SandboxConfig,
): MessageInitShape<typeof LinuxContainerSecurityContextSchema> {
  return {
    capabilities: {
      addCapabilities: [...security.addCapabilities],
      dropCapabilities: [...security.dropCapabilities],
    },
    privileged: security.privileged,
    namespaceOptions: targeting(namespaceOptions(sandbox), processNamespaceOf),
    ...optional('runAsUser', security.runAsUser),
    ...optional('runAsGroup', security.runAsGroup),
    runAsUsername: security.runAsUsername ?? '',
    readonlyRootfs: security.readOnlyRootFilesystem,
    supplementalGroups: security.supplementalGroups.map(BigInt),
    supplementalGroupsPolicy: SupplementalGroupsPolicy[security.supplementalGroupsPolicy],
    noNewPrivs: security.noNewPrivileges,
    maskedPaths: [...security.maskedPaths],
    readonlyPaths: [...security.readonlyPaths],
    seccomp: seccomp(security),
  };
}

function seccomp({ seccomp: profile }: SecurityContext): MessageInitShape<typeof SecurityProfileSchema> {
  return { profileType: SecurityProfile_ProfileType[profile.type], localhostRef: profile.path };
}

const propagations = {
  private: MountPropagation.PROPAGATION_PRIVATE,
  hostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
};

function mount(each: Mount) {
  return {
    containerPath: each.containerPath,
    hostPath: each.hostPath,
    readonly: each.readOnly,
    propagation: propagations[each.propagation],
    ...(each.image !== undefined && { image: { image: each.image.id }, imageSubPath: each.image.subPath }),
  };
}

/** A wrapped number, which is absent rather than zero. */
function optional<Name extends string>(name: Name, value: number | undefined): { [key in Name]?: { value: bigint } } {
  return (value === undefined ? {} : { [name]: { value: BigInt(value) } }) as { [key in Name]?: { value: bigint } };
}

/** `SIGTERM` and `SIGRTMIN+1` as the enum names them; anything else is left to the image. */
function signal(name: string | undefined): Signal {
  const key = name?.replace('+', 'PLUS').replace('-', 'MINUS');
  return key !== undefined && key in Signal ? Signal[key as keyof typeof Signal] : Signal.RUNTIME_DEFAULT;
}
