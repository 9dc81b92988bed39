import type { Draft } from '../../../machinery/object.ts';
import type { Container, KeyToPath, PodSpec, Probe, Volume } from '../../schema/core-v1.generated.ts';

/**
 * Takes out what belongs to feature gates that are off by default in Kubernetes 1.37: the API knows the fields, and
 * forgets them when it stores an object.
 */
export function dropDisabledFields(spec: Draft<PodSpec>): void {
  if (spec.evictionResponders !== undefined) delete spec.evictionResponders;
  if (spec.schedulingGroup !== undefined) delete spec.schedulingGroup;
  for (const volume of spec.volumes ?? []) dropFromVolume(volume);
  for (const container of spec.containers) dropFromContainer(container);
  for (const container of spec.initContainers ?? []) dropFromContainer(container);
  for (const container of spec.ephemeralContainers ?? []) dropFromContainer(container);
}

function dropFromVolume({ emptyDir, secret, configMap, downwardAPI, projected }: Draft<Volume>): void {
  if (emptyDir?.mode !== undefined) delete emptyDir.mode;
  for (const source of [secret, configMap, downwardAPI, projected])
    if (source?.defaultUser !== undefined) delete source.defaultUser;
  dropUsers(secret?.items);
  dropUsers(configMap?.items);
  dropUsers(downwardAPI?.items);
  for (const source of projected?.sources ?? []) {
    dropUsers(source.secret?.items);
    dropUsers(source.configMap?.items);
    dropUsers(source.downwardAPI?.items);
    for (const file of [source.serviceAccountToken, source.clusterTrustBundle, source.podCertificate])
      if (file?.user !== undefined) delete file.user;
  }
}

function dropUsers(items: Draft<Pick<KeyToPath, 'user'>>[] | undefined): void {
  for (const item of items ?? []) if (item.user !== undefined) delete item.user;
}

function dropFromContainer(container: Draft<Container>): void {
  const { lifecycle, volumeMounts, livenessProbe, readinessProbe, startupProbe } = container;
  if (lifecycle !== undefined) {
    if (lifecycle.stopSignal !== undefined && !lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
    delete lifecycle.stopSignal;
    delete lifecycle.postStart?.httpGet?.protocol;
    delete lifecycle.preStop?.httpGet?.protocol;
  }
  for (const mount of volumeMounts ?? []) if (mount.bindMountOptions !== undefined) delete mount.bindMountOptions;
  dropFromProbe(livenessProbe);
  dropFromProbe(readinessProbe);
  dropFromProbe(startupProbe);
}

function dropFromProbe(probe: Draft<Probe> | undefined): void {
  if (probe === undefined) return;
  if (probe.httpGet?.protocol !== undefined) delete probe.httpGet.protocol;
  if (probe.grpc?.mode !== undefined) delete probe.grpc.mode;
}
