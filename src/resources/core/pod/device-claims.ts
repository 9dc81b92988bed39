import type { Pod, PodResourceClaim } from '../../schema/core-v1.generated.ts';

/** The claim for devices that an entry of a pod means. */
export interface PodDeviceClaim {
  /** Null: none is needed. */
  readonly name: string | null;
  /** It was made for the pod, whose it has to be. */
  readonly own: boolean;
}

/** Undefined: none was made yet, as far as the pod says. */
export function deviceClaimOf(pod: Pod, { name, resourceClaimName }: PodResourceClaim): PodDeviceClaim | undefined {
  if (resourceClaimName !== undefined) return { name: resourceClaimName, own: false };
  const known = pod.status?.resourceClaimStatuses?.find((each) => each.name === name);
  return known && { name: known.resourceClaimName ?? null, own: true };
}
