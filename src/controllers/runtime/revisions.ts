import type { Client } from '../../client/client.ts';
import { nameHash, stableJson } from '../../machinery/hash.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { ControllerRevision } from '../../resources/schema/apps-v1.generated.ts';
import type { PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';
import { controllerRevisions } from '../../resources/schema/resource-types.generated.ts';
import { byCreation } from './by-creation.ts';
import { objectKey } from './object-keys.ts';
import { controllerReference, isControlledBy } from './owner-references.ts';

const mostCollisions = 100;

/** What keeps a history of its template. */
export interface Revisioned extends KubeObject {
  readonly spec: { readonly template: PodTemplateSpec };
  readonly status?: { readonly collisionCount?: number | undefined } | undefined;
}

export interface RevisionKeeper<T extends Revisioned> {
  readonly client: Client;
  readonly ownerType: ResourceType<T>;
  /** The label under which a revision carries the hash of its template. */
  readonly hashLabel: string;
}

export interface Revisions {
  /** Of the template of today. */
  readonly update: ControllerRevision;
  readonly collisionCount: number;
  /** All there are, the newest last. */
  readonly all: readonly ControllerRevision[];
}

/** The older revision first. */
function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return (a.revision ?? 0) - (b.revision ?? 0) || byCreation(a, b);
}

/**
 * What a revision keeps: a strategic merge patch that puts the template back, which is what `kubectl rollout undo` sends. Its keys are
 * in order, for programs of Kubernetes find the revision of a template by comparing bytes.
 */
function revisionData({ spec }: Revisioned): unknown {
  return JSON.parse(stableJson({ spec: { template: { ...spec.template, $patch: 'replace' } } }));
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as { readonly spec?: { readonly template?: PodTemplateSpec & { $patch?: unknown } } };
  const { $patch: _, ...template } = data.spec?.template ?? {};
  return template;
}

/**
 * The revisions of an owner. A template that was there before gets its old revision back under a new number; one that is new gets
 * a revision of its own. `known`: those that it owns.
 */
export async function syncRevisions<T extends Revisioned>(
  keeper: RevisionKeeper<T>,
  owner: T,
  known: readonly ControllerRevision[],
  signal: AbortSignal,
): Promise<Revisions> {
  const sorted = known.toSorted(byRevision);
  const newest = sorted.at(-1);
  const data = revisionData(owner);
  const number = (newest?.revision ?? 0) + 1;
  const same = sorted.findLast((each) => equal(each.data, data));
  let collisionCount = owner.status?.collisionCount ?? 0;
  let update: ControllerRevision;
  if (same === undefined) {
    const created = await createRevision(keeper, owner, data, number, collisionCount, signal);
    update = created.revision;
    collisionCount = created.collisionCount;
  } else if (same === newest) {
    update = same;
  } else {
    update = await keeper.client.update(controllerRevisions, { ...same, revision: number }, { signal });
  }
  const all = [...sorted.filter((each) => each.metadata.name !== update.metadata.name), update];
  return { update, collisionCount, all };
}

async function createRevision<T extends Revisioned>(
  keeper: RevisionKeeper<T>,
  owner: T,
  data: unknown,
  number: number,
  firstCollisionCount: number,
  signal: AbortSignal,
): Promise<{ readonly revision: ControllerRevision; readonly collisionCount: number }> {
  const { client } = keeper;
  for (let count = firstCollisionCount; ; count++) {
    const wanted = makeRevision(keeper, owner, data, number, count);
    try {
      return { revision: await client.create(controllerRevisions, wanted, { signal }), collisionCount: count };
    } catch (error) {
      if (!isReason(error, 'AlreadyExists') || count - firstCollisionCount >= mostCollisions) throw error;
      const existing = await client.get(controllerRevisions, objectKey(wanted), { signal });
      if (isControlledBy(existing, owner) && equal(existing.data, data))
        return { revision: existing, collisionCount: count };
    }
  }
}

function makeRevision<T extends Revisioned>(
  { ownerType, hashLabel }: RevisionKeeper<T>,
  owner: T,
  data: unknown,
  number: number,
  collisionCount: number,
): ControllerRevision {
  const { namespace, name = '', annotations } = owner.metadata;
  const hash = nameHash(data, collisionCount === 0 ? undefined : collisionCount);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      namespace,
      // A name of an owner may be as long as a name can be; the hash has to fit behind it.
      name: `${name.slice(0, 223)}-${hash}`,
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      annotations,
      ownerReferences: [controllerReference(ownerType, owner)],
    },
    data,
    revision: number,
  };
}
