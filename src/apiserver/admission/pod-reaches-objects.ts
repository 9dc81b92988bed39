import type { Pod, Volume, VolumeProjection } from '../../resources/schema/core-v1.generated.ts';
import { configMapsOfPod, secretsOfPod } from '../authz/pod-references.ts';

/** The first kind of objects that a pod refers to, in Kubernetes' words; undefined when it stands alone. */
export function podReachesObjects(pod: Pod): string | undefined {
  const { spec } = pod;
  if ((spec?.serviceAccountName ?? '') !== '') return 'serviceaccounts';
  if (secretsOfPod(pod).size > 0) return 'secrets';
  if (configMapsOfPod(pod).size > 0) return 'configmaps';
  if ((spec?.resourceClaims ?? []).length > 0) return 'resourceclaims';
  for (const volume of spec?.volumes ?? []) {
    const reached = throughVolume(volume);
    if (reached !== undefined) return reached;
  }
  return undefined;
}

function throughVolume(volume: Volume): string | undefined {
  if (volume.configMap != null) return 'configmaps (via configmap volumes)';
  if (volume.secret != null) return 'secrets (via secret volumes)';
  if (volume.csi != null) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs != null) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim != null) return 'persistentvolumeclaims';
  if (volume.ephemeral != null) return 'persistentvolumeclaims (via ephemeral volumes)';
  if (volume.azureFile != null) return 'secrets (via azureFile volumes)';
  for (const source of volume.projected?.sources ?? []) {
    const reached = throughProjection(source);
    if (reached !== undefined) return reached;
  }
  return undefined;
}

function throughProjection(source: VolumeProjection): string | undefined {
  if (source.configMap != null) return 'configmaps (via projected volumes)';
  if (source.secret != null) return 'secrets (via projected volumes)';
  if (source.serviceAccountToken != null) return 'serviceaccounts (via projected volumes)';
  if (source.clusterTrustBundle != null) return 'clustertrustbundles';
  if (source.podCertificate != null) return 'podcertificates';
  return undefined;
}
