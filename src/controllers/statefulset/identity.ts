import type { StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, Volume } from '../../resources/schema/core-v1.generated.ts';
import { statefulSets } from '../../resources/schema/resource-types.generated.ts';
import { controllerReference } from '../runtime/owner-references.ts';

export const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** The number at the end of a pod's name; undefined for a pod that is none of this set's. */
export function ordinalOf(set: StatefulSet, podName: string): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const digits = podName.startsWith(prefix) ? podName.slice(prefix.length) : '';
  return /^(?:0|[1-9]\d{0,9})$/.test(digits) ? Number(digits) : undefined;
}

export function firstOrdinal(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0;
}

export function replicasOf(set: StatefulSet): number {
  return set.spec.replicas ?? 1;
}

/** Whether a set of this size has the ordinal. */
export function isInRange(set: StatefulSet, ordinal: number): boolean {
  return ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set) + replicasOf(set);
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

function identityLabels(set: StatefulSet, ordinal: number): Readonly<Record<string, string>> {
  return { [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** The labels of its identity that a pod lacks; undefined when it has them all. */
export function missingIdentity(set: StatefulSet, pod: Pod): Readonly<Record<string, string>> | undefined {
  const ordinal = ordinalOf(set, pod.metadata.name ?? '');
  if (ordinal === undefined) return undefined;
  const labels = identityLabels(set, ordinal);
  const complete = Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value);
  return complete ? undefined : labels;
}

/** `data-db-0`: for a claim template, the set and the ordinal. */
export function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** The claims of one ordinal, as they are created. */
export function makeClaims(set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      namespace: set.metadata.namespace,
      name: claimName(set, template, ordinal),
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      annotations: template.metadata.annotations,
      finalizers: template.metadata.finalizers,
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  }));
}

/** The pod of an ordinal after a template, as it is created: its name, host name and claims outlive it. */
export function makePod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const name = podName(set, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: set.metadata.namespace,
      name,
      generateName: `${set.metadata.name}-`,
      labels: { ...labels, ...identityLabels(set, ordinal), [revisionLabel]: revision },
      annotations,
      finalizers,
      ownerReferences: [controllerReference(statefulSets, set)],
    },
    spec: {
      ...template.spec,
      containers: template.spec?.containers ?? [],
      hostname: name,
      ...(set.spec.serviceName === undefined || set.spec.serviceName === '' ? {} : { subdomain: set.spec.serviceName }),
      volumes: volumesOf(set, template, ordinal),
    },
  };
}

/** A claim takes the place of a volume of the same name in the template. */
function volumesOf(set: StatefulSet, template: PodTemplateSpec, ordinal: number): readonly Volume[] {
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
  }));
  const taken = new Set(claims.map((each) => each.name));
  return [...claims, ...(template.spec?.volumes ?? []).filter((volume) => !taken.has(volume.name))];
}
