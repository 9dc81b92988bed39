import type { Client } from '../../client/client.ts';
import { nameHash } from '../../machinery/hash.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { ControllerRevision, StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod, PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';
import { controllerRevisions, statefulSets } from '../../resources/schema/resource-types.generated.ts';
import { byCreation } from '../runtime/by-creation.ts';
import { objectKey } from '../runtime/object-keys.ts';
import { controllerReference, isControlledBy } from '../runtime/owner-references.ts';
import { revisionLabel } from './identity.ts';

const hashLabel = 'controller.kubernetes.io/hash';
const mostCollisions = 100;

/** The templates that a set's pods come from and go to. */
export interface SetRevisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
  /** All there are, the newest last. */
  readonly all: readonly ControllerRevision[];
}

/** The older revision first. */
function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return (a.revision ?? 0) - (b.revision ?? 0) || byCreation(a, b);
}

/** What a revision keeps: a strategic merge patch that puts the template back, which is what `kubectl rollout undo` sends. */
function revisionData(set: StatefulSet): unknown {
  return { spec: { template: { ...set.spec.template, $patch: 'replace' } } };
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as { readonly spec?: { readonly template?: PodTemplateSpec & { $patch?: unknown } } };
  const { $patch: _, ...template } = data.spec?.template ?? {};
  return template;
}

/**
 * The revisions of a set. A template that was there before gets its old revision back under a new number; one that is new gets
 * a revision of its own. `known`: those that the set owns.
 */
export async function syncRevisions(
  client: Client,
  set: StatefulSet,
  known: readonly ControllerRevision[],
  signal: AbortSignal,
): Promise<SetRevisions> {
  const sorted = known.toSorted(byRevision);
  const newest = sorted.at(-1);
  const data = revisionData(set);
  const number = (newest?.revision ?? 0) + 1;
  const same = sorted.findLast((each) => equal(each.data, data));
  let collisionCount = set.status?.collisionCount ?? 0;
  let update: ControllerRevision;
  if (same === undefined) {
    const created = await createRevision(client, set, data, number, collisionCount, signal);
    update = created.revision;
    collisionCount = created.collisionCount;
  } else if (same === newest) {
    update = same;
  } else {
    update = await client.update(controllerRevisions, { ...same, revision: number }, { signal });
  }
  const all = [...sorted.filter((each) => each.metadata.name !== update.metadata.name), update];
  const current = all.find((each) => each.metadata.name === set.status?.currentRevision) ?? update;
  return { current, update, collisionCount, all };
}

async function createRevision(
  client: Client,
  set: StatefulSet,
  data: unknown,
  number: number,
  firstCollisionCount: number,
  signal: AbortSignal,
): Promise<{ readonly revision: ControllerRevision; readonly collisionCount: number }> {
  for (let count = firstCollisionCount; ; count++) {
    const wanted = makeRevision(set, data, number, count);
    try {
      return { revision: await client.create(controllerRevisions, wanted, { signal }), collisionCount: count };
    } catch (error) {
      if (!isReason(error, 'AlreadyExists') || count - firstCollisionCount >= mostCollisions) throw error;
      const existing = await client.get(controllerRevisions, objectKey(wanted), { signal });
      if (isControlledBy(existing, set) && equal(existing.data, data))
        return { revision: existing, collisionCount: count };
    }
  }
}

function makeRevision(set: StatefulSet, data: unknown, number: number, collisionCount: number): ControllerRevision {
  const { namespace, name = '', annotations } = set.metadata;
  const hash = nameHash(data, collisionCount === 0 ? undefined : collisionCount);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      namespace,
      // A name of a set may be as long as a name can be; the hash has to fit behind it.
      name: `${name.slice(0, 223)}-${hash}`,
      labels: { ...set.spec.template.metadata?.labels, [hashLabel]: hash },
      annotations,
      ownerReferences: [controllerReference(statefulSets, set)],
    },
    data,
    revision: number,
  };
}

/** Revisions beyond the history limit that no pod comes from, the oldest first. */
export function expendableRevisions(
  set: StatefulSet,
  revisions: SetRevisions,
  pods: readonly Pod[],
): readonly ControllerRevision[] {
  const inUse = new Set([
    revisions.current.metadata.name,
    revisions.update.metadata.name,
    ...pods.map((pod) => pod.metadata.labels?.[revisionLabel]),
  ]);
  const history = revisions.all.filter((each) => !inUse.has(each.metadata.name));
  return history.slice(0, Math.max(0, history.length - (set.spec.revisionHistoryLimit ?? 10)));
}
