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

const outdatedFields: ReadonlySet<string> = new Set(outdated.map(([field]) => field));

export function volumeWarnings(volumes: readonly Volume[], path: string): readonly string[] {
  const old: string[] = [];
  const overlaps: string[] = [];
  for (const [index, volume] of volumes.entries()) {
    for (const field in volume) if (outdatedFields.has(field)) addOutdated(volume, `${path}.volumes[${index}]`, old);
    addOverlaps(volume, overlaps);
  }
  return overlaps.length === 0 ? old : [...old, ...overlaps];
}

function addOutdated(volume: Volume, path: string, lines: string[]): void {
  for (const [field, shown, fate] of outdated) if (volume[field] !== undefined) lines.push(`${path}.${shown}: ${fate}`);
}

/** A file of a volume, and whose it is where a volume has several sources. */
interface File {
  readonly path: string;
  readonly source: string;
}

function addOverlaps(volume: Volume, lines: string[]): void {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (projected?.sources?.some(isEmpty) === true)
    lines.push(`volume ${quote(volume.name)} (Projected) has no sources provided`);
  const single = configMap?.items ?? secret?.items ?? downwardAPI?.items ?? [];
  if (single.length < 2 && (projected?.sources ?? []).length < 2) return;
  const [kind, files] = filesOf(volume);
  const found = new Set<string>();
  for (const [index, file] of files.entries())
    for (let before = 0; before < index; before++) {
      const other = files[before];
      if (other !== undefined && overlap(file.path, other.path))
        found.add(`volume ${quote(volume.name)} (${kind}): overlapping paths: ${text(file)} with ${text(other)}`);
    }
  lines.push(...found);
}

function isEmpty(source: VolumeProjection): boolean {
  for (const _field in source) return false;
  return true;
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
  const files: File[] = [];
  const add = (path: string | undefined, source: string) => {
    if (path) files.push({ path, source });
  };
  for (const { path } of secret?.items ?? []) add(path, `Secret ${quote(secret?.name ?? '')}`);
  for (const { path } of configMap?.items ?? []) add(path, `ConfigMap ${quote(configMap?.name ?? '')}`);
  for (const { path } of downwardAPI?.items ?? []) add(path, 'DownwardAPI');
  add(serviceAccountToken?.path, 'ServiceAccountToken');
  const { name, signerName } = clusterTrustBundle ?? {};
  if (clusterTrustBundle !== undefined)
    add(clusterTrustBundle.path, `ClusterTrustBundle ${quote(name ?? signerName ?? '')}`);
  add(podCertificate?.credentialBundlePath, 'PodCertificate');
  add(podCertificate?.keyPath, 'PodCertificate');
  add(podCertificate?.certificateChainPath, 'PodCertificate');
  return files;
}
