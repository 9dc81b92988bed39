import type {
  Container,
  EphemeralContainer,
  PersistentVolume,
  Pod,
  Volume,
} from '../../resources/schema/core-v1.generated.ts';

type PodPart = Pick<Pod, 'metadata' | 'spec'>;

/** The names of the secrets that a pod refers to, all of its own namespace. */
export function secretsOfPod({ spec }: PodPart): ReadonlySet<string> {
  const names: (string | undefined)[] = (spec?.imagePullSecrets ?? []).map((each) => each.name);
  for (const container of containersOf(spec)) {
    for (const source of container.envFrom ?? []) names.push(source.secretRef?.name);
    for (const variable of container.env ?? []) names.push(variable.valueFrom?.secretKeyRef?.name);
  }
  for (const volume of spec?.volumes ?? []) names.push(...secretsOfVolume(volume));
  return present(names);
}

/** The names of the config maps that a pod refers to, all of its own namespace. */
export function configMapsOfPod({ spec }: PodPart): ReadonlySet<string> {
  const names: (string | undefined)[] = [];
  for (const container of containersOf(spec)) {
    for (const source of container.envFrom ?? []) names.push(source.configMapRef?.name);
    for (const variable of container.env ?? []) names.push(variable.valueFrom?.configMapKeyRef?.name);
  }
  for (const volume of spec?.volumes ?? []) {
    names.push(volume.configMap?.name);
    for (const source of volume.projected?.sources ?? []) names.push(source.configMap?.name);
  }
  return present(names);
}

/** The names of the claims that a pod mounts, those made for its ephemeral volumes among them. */
export function claimsOfPod({ metadata, spec }: PodPart): ReadonlySet<string> {
  return present(
    (spec?.volumes ?? []).map((volume) =>
      volume.ephemeral == null ? volume.persistentVolumeClaim?.claimName : `${metadata.name}-${volume.name}`,
    ),
  );
}

/** The secrets that the node needs to mount a volume, as namespace and name. */
export function secretsOfVolumeSource({ spec }: PersistentVolume): readonly (readonly [string, string])[] {
  const claimNamespace = spec?.claimRef?.namespace ?? '';
  const azure = spec?.azureFile;
  const references = [
    azure == null ? undefined : { name: azure.secretName, namespace: azure.secretNamespace ?? undefined },
    spec?.cephfs?.secretRef,
    spec?.cinder?.secretRef,
    spec?.flexVolume?.secretRef,
    spec?.rbd?.secretRef,
    spec?.scaleIO?.secretRef,
    spec?.iscsi?.secretRef,
    spec?.storageos?.secretRef,
    spec?.csi?.nodePublishSecretRef,
    spec?.csi?.nodeStageSecretRef,
    spec?.csi?.nodeExpandSecretRef,
  ];
  return references.flatMap((reference) =>
    reference?.name ? [[reference.namespace || claimNamespace, reference.name] as const] : [],
  );
}

function containersOf(spec: Pod['spec']): readonly (Container | EphemeralContainer)[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
}

function secretsOfVolume(volume: Volume): readonly (string | undefined)[] {
  return [
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.secret?.secretName,
    volume.scaleIO?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.storageos?.secretRef?.name,
    volume.csi?.nodePublishSecretRef?.name,
    ...(volume.projected?.sources ?? []).map((source) => source.secret?.name),
  ];
}

function present(names: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(names.filter((name): name is string => name !== undefined && name !== ''));
}
