import type { ContainerPort, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { PortMapping, SandboxConfig } from '../runtime/runtime.ts';
import type { DnsConfig } from './dns-config.ts';
import { sandboxLabels } from './labels.ts';
import { sandboxSecurity } from './security-context.ts';

export interface SandboxInput {
  readonly pod: Pod;
  readonly attempt: number;
  readonly dns: DnsConfig;
  readonly nodeName: string;
  readonly clusterDomain: string;
  readonly podLogsDirectory: string;
  readonly cgroupParent: string;
  /** As the runtime names it; empty: the usual one. */
  readonly runtimeHandler: string;
}

const longestHostname = 63;

export function sandboxConfig(input: SandboxInput): SandboxConfig {
  const { pod, attempt } = input;
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  const spec = pod.spec ?? { containers: [] };
  return {
    metadata: { name, namespace, uid, attempt },
    hostname: spec.hostNetwork === true ? input.nodeName : podHostname(pod, input.clusterDomain),
    logDirectory: podLogDirectory(input.podLogsDirectory, pod),
    dns: input.dns,
    portMappings: spec.hostNetwork === true ? [] : portMappings(pod),
    labels: sandboxLabels(pod),
    annotations: pod.metadata.annotations ?? {},
    cgroupParent: input.cgroupParent,
    hostNetwork: spec.hostNetwork === true,
    hostPid: spec.hostPID === true,
    hostIpc: spec.hostIPC === true,
    shareProcessNamespace: spec.shareProcessNamespace === true,
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map((sysctl) => [sysctl.name, sysctl.value])),
    securityContext: sandboxSecurity(pod),
    runtimeHandler: input.runtimeHandler,
  };
}

/** The name a pod's processes see as the host's. */
export function podHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, hostnameOverride, subdomain, setHostnameAsFQDN } = pod.spec ?? {};
  if (hostnameOverride !== undefined) return hostnameOverride;
  // A name may be longer than a host's; what the cut leaves at its end may not be a dot or dash.
  const short = hostname ?? (pod.metadata.name ?? '').slice(0, longestHostname).replace(/[-.]+$/, '');
  if (setHostnameAsFQDN !== true || subdomain === undefined) return short;
  return `${short}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`;
}

export function podLogDirectory(root: string, pod: Pod): string {
  const { name, namespace, uid } = pod.metadata;
  return `${root}/${namespace}_${name}_${uid}`;
}

function portMappings(pod: Pod): readonly PortMapping[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
    .flatMap(({ ports = [] }) => ports)
    .flatMap((port) => (port.hostPort === undefined || port.hostPort === 0 ? [] : [mappingOf(port, port.hostPort)]));
}

function mappingOf(port: ContainerPort, hostPort: number): PortMapping {
  const protocol = port.protocol === 'UDP' || port.protocol === 'SCTP' ? port.protocol : 'TCP';
  return { protocol, containerPort: port.containerPort, hostPort, hostIp: port.hostIP ?? '' };
}
