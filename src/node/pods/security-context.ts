import type {
  SecurityContext as ApiSecurityContext,
  Container,
  Pod,
  PodSecurityContext,
  SeccompProfile,
} from '../../resources/schema/core-v1.generated.ts';
import type { Image, SecurityContext } from '../runtime/runtime.ts';
import { describePod } from './labels.ts';

const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface ContainerSecurityInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly image: Image;
  readonly supplementalGroups: readonly number[];
  /** Where the node's own profiles are. */
  readonly seccompDirectory: string;
}

/** Who a container runs as and what it may do: its own settings, the pod's where it has none. */
export function containerSecurity({
  pod,
  container,
  image,
  supplementalGroups,
  seccompDirectory,
}: ContainerSecurityInput): SecurityContext {
  const own: ApiSecurityContext = container.securityContext ?? {};
  const shared: PodSecurityContext = pod.spec?.securityContext ?? {};
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const privileged = own.privileged === true;
  const unmasked = privileged || own.procMount === 'Unmasked';
  // Without a user of its own the container runs as its image says, which only a number or a name tells.
  const imageUser = runAsUser === undefined ? image.uid : undefined;
  const imageUsername = runAsUser === undefined && image.username !== '' ? image.username : undefined;
  return {
    privileged,
    runAsUser: runAsUser ?? imageUser,
    runAsGroup: own.runAsGroup ?? shared.runAsGroup,
    runAsUsername: imageUsername,
    supplementalGroups,
    supplementalGroupsPolicy: policyOf(shared),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: seccompOf(own.seccompProfile ?? shared.seccompProfile, seccompDirectory),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
  };
}

export function sandboxSecurity({ spec }: Pod): SecurityContext {
  const shared: PodSecurityContext = spec?.securityContext ?? {};
  const privileged = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some(
    ({ securityContext }) => securityContext?.privileged === true,
  );
  const isReached = spec?.shareProcessNamespace === true || spec?.hostPID === true;
  return {
    privileged,
    runAsUser: shared.runAsUser,
    runAsGroup: shared.runAsGroup,
    runAsUsername: undefined,
    supplementalGroups: podGroups(shared),
    supplementalGroupsPolicy: policyOf(shared),
    readOnlyRootFilesystem: false,
    addCapabilities: [],
    dropCapabilities: [],
    noNewPrivileges: false,
    // The sandbox's own process does nothing but wait, and nobody in the pod can reach it unless they see its processes or the machine's. A
    // filter of system calls for nothing is dear: with it runc takes two thirds longer.
    seccomp: { type: isReached ? 'RuntimeDefault' : 'Unconfined', path: '' },
    maskedPaths: [],
    readonlyPaths: [],
  };
}

/** The groups every process of the pod is in beside its own. */
export function podGroups(shared: PodSecurityContext): readonly number[] {
  return [...(shared.fsGroup === undefined ? [] : [shared.fsGroup]), ...(shared.supplementalGroups ?? [])];
}

function policyOf({ supplementalGroupsPolicy }: PodSecurityContext): SecurityContext['supplementalGroupsPolicy'] {
  return supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge';
}

/** Why a container that may not run as root must not be started; undefined when it may be. */
export function runAsRootProblem(pod: Pod, container: Container, image: Image): string | undefined {
  const own: ApiSecurityContext = container.securityContext ?? {};
  const shared: PodSecurityContext = pod.spec?.securityContext ?? {};
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) !== true) return undefined;
  const who = `(pod: "${describePod(pod)}", container: ${container.name})`;
  const user = own.runAsUser ?? shared.runAsUser;
  if (user !== undefined) return user === 0 ? `container's runAsUser breaks non-root policy ${who}` : undefined;
  if (image.uid !== undefined)
    return image.uid === 0 ? `container has runAsNonRoot and image will run as root ${who}` : undefined;
  if (image.username !== '')
    return `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${who}`;
  return `container has runAsNonRoot and image will run as root ${who}`;
}

function seccompOf(profile: SeccompProfile | undefined, directory: string): SecurityContext['seccomp'] {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { type: 'RuntimeDefault', path: '' };
    case 'Localhost':
      return { type: 'Localhost', path: `${directory}/${profile.localhostProfile ?? ''}` };
    default:
      return { type: 'Unconfined', path: '' };
  }
}
