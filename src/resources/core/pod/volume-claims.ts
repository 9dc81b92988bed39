import type { Pod, Volume } from '../../schema/core-v1.generated.ts';

/** The claim that a volume of a pod stands for; undefined for volumes of other sorts. That of a generic ephemeral one is named after both (KEP-1698). */
export function claimNameOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  if (persistentVolumeClaim !== undefined) return persistentVolumeClaim.claimName;
  return ephemeral === undefined ? undefined : `${metadata.name}-${name}`;
}

/** Why a claim is not the one of a pod's ephemeral volume, in Kubernetes' words: it is somebody else's and has the name by chance. */
export function notMadeFor(pod: Pod, claimName: string): string {
  const { namespace, name } = pod.metadata;
  return `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)`;
}
