import type { Pod } from '../../resources/schema/core-v1.generated.ts';

/** The cgroup of a pod: below its quality of service, as the kubelet lays it out, below a root of this cluster's own. */
export function podCgroup(root: string, pod: Pod): string {
  const quality = pod.status?.qosClass;
  const tier = quality === 'Burstable' ? '/burstable' : quality === 'BestEffort' ? '/besteffort' : '';
  return `${root}/kubepods${tier}/pod${pod.metadata.uid}`;
}
