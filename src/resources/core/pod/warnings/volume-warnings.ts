import { quote } from '../../../../machinery/go-text.ts';
import type { Volume, VolumeProjection } from '../../../schema/core-v1.generated.ts';

/** Volumes that no node mounts any more: field, how it is called in the warning, and since when. */
const outdated: readonly (readonly [field: keyof Volume, shown: string, fate: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

export function volumeWarnings(volumes: readonly Volume[], path: string): readonly string[] {
  const old = volumes.flatMap((volume, index) =>
    outdated.flatMap(([field, shown, fate]) =>
      volume[field] === undefined ? [] : [`${path}.volumes[${index}].${shown}: ${fate}`],
    ),
  );
  return [...old, ...volumes.flatMap(overlapWarnings)];
}

/** A file of a volume, and whose it is where a volume has several sources. */
interface File {
  readonly path: string;
  readonly source: string;
}

function overlapWarnings(volume: Volume): readonly string[] {
  const [kind, files] = filesOf(volume);
  const found = new Set<string>();
  for (const [index, file] of files.entries())
    for (const other of files.slice(0, index))
      if (overlap(file.path, other.path))
        found.add(`volume ${quote(volume.name)} (${kind}): overlapping paths: ${text(file)} with ${text(other)}`);
  return [...found];
}

/** One cannot be a file where another needs a folder. */
function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}

function text({ path, source }: File): string {
  return source === '' ? quote(path) : `${quote(path)} (${source})`;
}

function filesOf({ configMap, secret, downwardAPI, projected }: Volume): readonly [kind: string, readonly File[]] {
  const own = (items: readonly { readonly path: string }[] = []) => items.map(({ path }) => ({ path, source: '' }));
  if (configMap !== undefined) return [`ConfigMap ${quote(configMap.name ?? '')}`, own(configMap.items)];
  if (secret !== undefined) return [`Secret ${quote(secret.secretName ?? '')}`, own(secret.items)];
  if (downwardAPI !== undefined) return ['DownwardAPI', own(downwardAPI.items)];
  return ['Projected', (projected?.sources ?? []).flatMap(projectedFiles)];
}

function projectedFiles(projection: VolumeProjection): readonly File[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = projection;
  const files = (source: string, paths: readonly (string | undefined)[]) =>
    paths.flatMap((path) => (path ? [{ path, source }] : []));
  return [
    ...files(`Secret ${quote(secret?.name ?? '')}`, secret?.items?.map(({ path }) => path) ?? []),
    ...files(`ConfigMap ${quote(configMap?.name ?? '')}`, configMap?.items?.map(({ path }) => path) ?? []),
    ...files('DownwardAPI', downwardAPI?.items?.map(({ path }) => path) ?? []),
    ...files('ServiceAccountToken', [serviceAccountToken?.path]),
    ...files(bundleName(clusterTrustBundle), [clusterTrustBundle?.path]),
    ...files('PodCertificate', [
      podCertificate?.credentialBundlePath,
      podCertificate?.keyPath,
      podCertificate?.certificateChainPath,
    ]),
  ];
}

function bundleName(bundle: VolumeProjection['clusterTrustBundle']): string {
  return `ClusterTrustBundle ${quote(bundle?.name ?? bundle?.signerName ?? '')}`;
}
