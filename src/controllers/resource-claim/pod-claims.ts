import { deviceClaimOf } from '../../resources/core/pod/device-claims.ts';
import type { Pod, PodResourceClaim } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceClaim, ResourceClaimTemplate } from '../../resources/schema/resource-v1.generated.ts';
import { controllerReference } from '../runtime/owner-references.ts';
import { isPodFinished } from '../runtime/pods.ts';

/** Says of a claim that was made for a pod by which entry of the pod's own list it is known there. */
export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name';
/** Room for a hyphen and the five random characters in a name of 63. */
const longestBase = 57;

/** The names of all claims that a pod is known to have, those that the scheduler made for it among them. */
export function claimNamesOf(pod: Pod): readonly string[] {
  const named = (pod.spec?.resourceClaims ?? []).map((each) => deviceClaimOf(pod, each)?.name);
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  return [...named, extended].filter((name) => typeof name === 'string');
}

/** None of its containers runs or will ever run. */
export function needsNoClaims(pod: Pod): boolean {
  return isPodFinished(pod) || (pod.metadata.deletionTimestamp !== undefined && (pod.spec?.nodeName ?? '') === '');
}

/** The claim that a pod gets by a template; the server completes its name. */
export function claimFor(pod: Pod, entry: PodResourceClaim, { spec }: ResourceClaimTemplate): ResourceClaim {
  const { labels, annotations } = spec?.metadata ?? {};
  const { blockOwnerDeletion: _, ...owner } = controllerReference(pods, pod);
  return {
    metadata: {
      namespace: pod.metadata.namespace,
      generateName: generatedName(pod.metadata.name ?? '', entry.name),
      ...(labels !== undefined && { labels }),
      annotations: { ...annotations, [podClaimAnnotation]: entry.name },
      ownerReferences: [owner],
    },
    spec: spec?.spec ?? {},
  };
}

/** Where both names are too long together, each gives up its share: the server would take all from the end. */
function generatedName(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`;
  if (whole.length <= longestBase) return whole;
  const share = (name: string) => name.slice(0, Math.floor((name.length * longestBase) / whole.length));
  return `${share(pod)}-${share(entry)}`;
}
