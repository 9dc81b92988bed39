import { milliValueOf, wholeValueOf } from '../../machinery/quantity.ts';
import { podRequests } from '../../resources/core/scheduling/pod-requests.ts';
import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { CgroupLimits } from '../host/host.ts';
import { quotaOf, sharesOf } from './linux-resources.ts';
import { isRestartableInit } from './restart-policy.ts';

const cpuPeriod = 100_000;
const tiers = ['', '/burstable', '/besteffort'] as const;

/** The cgroup above those of all pods. */
export function allPodsCgroup(root: string): string {
  return `${root}/kubepods`;
}

export function burstableCgroup(root: string): string {
  return `${allPodsCgroup(root)}${tiers[1]}`;
}

export function bestEffortCgroup(root: string): string {
  return `${allPodsCgroup(root)}${tiers[2]}`;
}

/** The cgroup of a pod: below its quality of service, as the kubelet lays it out, below a root of this cluster's own. */
export function podCgroup(root: string, pod: Pod): string {
  const quality = pod.status?.qosClass;
  const tier = quality === 'Burstable' ? tiers[1] : quality === 'BestEffort' ? tiers[2] : tiers[0];
  return `${allPodsCgroup(root)}${tier}/pod${pod.metadata.uid}`;
}

/** Wherever the cgroup of a pod may be of which only its uid is known. */
export function possibleCgroups(root: string, uid: string): readonly string[] {
  return tiers.map((tier) => `${allPodsCgroup(root)}${tier}/pod${uid}`);
}

/** Whose cgroup it is; none for one that is not a pod's. */
export function cgroupUid(root: string, path: string): readonly string[] {
  const uid = path.slice(path.lastIndexOf('/') + 1).replace(/^pod/, '');
  return possibleCgroups(root, uid).includes(path) ? [uid] : [];
}

/** What a pod may use as a whole. It has a limit only where each of its containers has one, or the pod itself. */
export function podCgroupLimits(pod: Pod): CgroupLimits {
  const requests = podRequests(pod);
  const milliCpu = limitOf(pod, 'cpu', milliValueOf);
  return {
    cpuShares: sharesOf(requests['cpu'] ?? 0),
    cpuQuota: milliCpu === undefined ? 0 : quotaOf(milliCpu),
    cpuPeriod,
    memoryBytes: limitOf(pod, 'memory', wholeValueOf) ?? 0,
    pids: 0,
  };
}

function limitOf(pod: Pod, resource: string, read: (quantity: string | number) => number): number | undefined {
  const whole = pod.spec?.resources?.limits?.[resource];
  if (whole !== undefined) return read(whole);
  const amount = (container: Container) => {
    const limit = container.resources?.limits?.[resource];
    return limit === undefined ? Number.POSITIVE_INFINITY : read(limit);
  };
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter(isRestartableInit);
  const running = [...containers, ...sidecars].reduce((sum, each) => sum + amount(each), 0);
  const total = Math.max(running, ...initContainers.filter((each) => !isRestartableInit(each)).map(amount));
  const overhead = pod.spec?.overhead?.[resource];
  return Number.isFinite(total) && total > 0 ? total + (overhead === undefined ? 0 : read(overhead)) : undefined;
}
