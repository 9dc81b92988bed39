import { nameHash } from '../../machinery/hash.ts';
import { draft } from '../../machinery/object.ts';
import { equal } from '../../resources/equal.ts';
import type { Deployment, ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import type { PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';
import { deployments } from '../../resources/schema/resource-types.generated.ts';
import { byCreation } from '../runtime/by-creation.ts';
import { controllerReference } from '../runtime/owner-references.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation } from './replica-annotations.ts';
import { maxSurge, replicasOf } from './rolling-update.ts';

const hashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const rollbackAnnotation = 'deprecated.deployment.rollback.to';
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
const longestRevisionHistory = 2000;

/** Annotations of a Deployment that say something of it alone and are not handed down. */
const notHandedDown: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  rollbackAnnotation,
]);

type Annotations = Readonly<Record<string, string>>;

/** The ReplicaSet with the Deployment's template; where several have it, the oldest, so that all agree on one. */
export function findNewReplicaSet(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return replicaSets.toSorted(byCreation).find((each) => sameTemplate(each.spec.template, deployment.spec.template));
}

/** Whether two templates are the same, the label with their hash aside. */
export function sameTemplate(one: PodTemplateSpec = {}, other: PodTemplateSpec = {}): boolean {
  return equal(withoutHash(one), withoutHash(other));
}

/** The template as the user wrote it. */
export function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  if (template.metadata?.labels?.[hashLabel] === undefined) return template;
  const { [hashLabel]: _, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** Whole numbers of 64 bits, as Kubernetes reads them; what is none counts as none. */
const greatestRevision = 2n ** 63n - 1n;

export function revisionOf(replicaSet: ReplicaSet): bigint {
  const text = replicaSet.metadata.annotations?.[revisionAnnotation] ?? '';
  const revision = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  return revision > greatestRevision ? 0n : revision;
}

/** The revision of a template that comes after all others. */
export function nextRevision(old: readonly ReplicaSet[]): bigint {
  return old.map(revisionOf).reduce((newest, each) => (each > newest ? each : newest), 0n) + 1n;
}

/** The ReplicaSet for the Deployment's template, as it is created; `replicas` is decided by the rollout. */
export function makeReplicaSet(deployment: Deployment, revision: bigint, replicas: number): ReplicaSet {
  const { namespace, name = '' } = deployment.metadata;
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = nameHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      namespace,
      name: `${name}-${hash}`,
      labels,
      annotations: {
        ...handedDown(deployment),
        ...replicaAnnotations(deployment),
        [revisionAnnotation]: String(revision),
      },
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** The annotations that a Deployment and its ReplicaSets share. */
export function handedDown({ metadata: { annotations = {} } }: Deployment | ReplicaSet): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !notHandedDown.has(key)));
}

/**
 * The new ReplicaSet as it should be: the Deployment's annotations, the newest revision with those it had before, `minReadySeconds`.
 * The same object when it is so already.
 */
export function syncedReplicaSet(deployment: Deployment, replicaSet: ReplicaSet, revision: bigint): ReplicaSet {
  const before = replicaSet.metadata.annotations ?? {};
  const annotations: Record<string, string> = { ...before, ...handedDown(deployment) };
  const oldRevision = before[revisionAnnotation] ?? '';
  if (revisionOf(replicaSet) < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (oldRevision !== '') annotations[revisionHistoryAnnotation] = extendHistory(before, oldRevision);
  }
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  if (equal(annotations, before) && (replicaSet.spec.minReadySeconds ?? 0) === minReadySeconds) return replicaSet;
  const synced = draft(replicaSet);
  synced.metadata.annotations = annotations;
  synced.spec.minReadySeconds = minReadySeconds;
  return synced;
}

/** The revisions that a template had, the oldest dropped when the list grows too long. */
function extendHistory(annotations: Annotations, oldRevision: string): string {
  const history = (annotations[revisionHistoryAnnotation] ?? '').split(',').filter((each) => each !== '');
  history.push(oldRevision);
  while (history.length > 1 && history.join(',').length > longestRevisionHistory) history.shift();
  return history.join(',');
}

/** How many replicas were wanted, and at most allowed, when a ReplicaSet was scaled last: by them a scaling is told from a rollout. */
export function replicaAnnotations(deployment: Deployment): Annotations {
  const replicas = replicasOf(deployment);
  return {
    [desiredReplicasAnnotation]: String(replicas),
    [maxReplicasAnnotation]: String(replicas + maxSurge(deployment)),
  };
}

function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  return Number(revisionOf(a) > revisionOf(b)) - Number(revisionOf(a) < revisionOf(b));
}

/** Old ReplicaSets beyond the history limit, the oldest revision first; those in use are kept and count all the same. */
export function expendable(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return [];
  const present = old.filter((each) => each.metadata.deletionTimestamp === undefined);
  return present
    .toSorted((a, b) => byRevision(a, b) || byCreation(a, b))
    .slice(0, Math.max(0, present.length - limit))
    .filter(
      ({ metadata, spec, status }) =>
        (status?.replicas ?? 0) === 0 &&
        spec.replicas === 0 &&
        (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}
