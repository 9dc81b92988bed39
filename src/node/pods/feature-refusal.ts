import { quote } from '../../machinery/go-text.ts';
import type { Container, Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { Refusal } from './pod-admission.ts';

/** Kernel parameters of a pod's own namespaces that can do no harm to others. */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_notsent_lowat',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_slow_start_after_idle',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

/** Why a pod is refused that asks for what this node does not do: better so than run otherwise than it asks for. */
export function featureRefusal(pod: Pod, node: Node): Refusal | undefined {
  return sysctlRefusal(pod) ?? appArmorRefusal(pod) ?? groupsRefusal(pod, node) ?? unsupported(pod);
}

function sysctlRefusal({ spec }: Pod): Refusal | undefined {
  const forbidden = spec?.securityContext?.sysctls?.find(({ name }) => {
    const dotted = name.replaceAll('/', '.');
    return !safeSysctls.has(dotted) || sharedWithHost(spec, dotted) !== undefined;
  });
  if (forbidden === undefined) return undefined;
  const dotted = forbidden.name.replaceAll('/', '.');
  const shared = safeSysctls.has(dotted) ? sharedWithHost(spec, dotted) : undefined;
  const why = shared === undefined ? 'not allowlisted' : `not allowed with host ${shared} enabled`;
  return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${quote(forbidden.name)} ${why}` };
}

/** The namespace that a parameter belongs to, where the pod uses the host's: that is not the pod's to set. */
function sharedWithHost(spec: Pod['spec'], sysctl: string): 'Net' | 'IPC' | undefined {
  if (sysctl.startsWith('net.')) return spec?.hostNetwork === true ? 'Net' : undefined;
  return spec?.hostIPC === true ? 'IPC' : undefined;
}

/** Profiles of the node's own would have to be loaded; the runtime's is applied by the runtime where the machine has AppArmor. */
function appArmorRefusal(pod: Pod): Refusal | undefined {
  const profiles = [pod.spec?.securityContext, ...containersOf(pod).map(({ securityContext }) => securityContext)];
  if (!profiles.some((context) => context?.appArmorProfile?.type === 'Localhost')) return undefined;
  return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
}

function groupsRefusal({ spec }: Pod, { status }: Node): Refusal | undefined {
  if (spec?.securityContext?.supplementalGroupsPolicy !== 'Strict') return undefined;
  if (status?.features?.supplementalGroupsPolicy === true) return undefined;
  return {
    reason: 'SupplementalGroupsPolicyNotSupported',
    message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
  };
}

function unsupported(pod: Pod): Refusal | undefined {
  const { spec } = pod;
  const containers = containersOf(pod);
  const asks: readonly (readonly [feature: string, asked: boolean])[] = [
    ['DynamicResourceAllocation', (spec?.resourceClaims?.length ?? 0) > 0],
    ['BlockVolume', containers.some(({ volumeDevices = [] }) => volumeDevices.length > 0)],
  ];
  const missing = asks.filter(([, asked]) => asked).map(([feature]) => feature);
  if (missing.length === 0) return undefined;
  return {
    reason: 'PodFeatureUnsupported',
    message: `Pod requires node features that are not available: ${missing.join(', ')}`,
  };
}

function containersOf({ spec }: Pod): readonly Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}
