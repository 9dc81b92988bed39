import type { Client } from '../../client/client.ts';
import type { ControllerRevision, StatefulSet } from '../../resources/schema/apps-v1.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { statefulSets } from '../../resources/schema/resource-types.generated.ts';
import { type Revisions, syncRevisions } from '../runtime/revisions.ts';
import { revisionLabel } from './identity.ts';

const hashLabel = 'controller.kubernetes.io/hash';

/** The templates that a set's pods come from and go to. */
export interface SetRevisions extends Revisions {
  readonly current: ControllerRevision;
}

/** The revisions of a set, which changes from the current one to that of today pod by pod. */
export async function syncSetRevisions(
  client: Client,
  set: StatefulSet,
  known: readonly ControllerRevision[],
  signal: AbortSignal,
): Promise<SetRevisions> {
  const revisions = await syncRevisions({ client, ownerType: statefulSets, hashLabel }, set, known, signal);
  const current = revisions.all.find((each) => each.metadata.name === set.status?.currentRevision);
  return { ...revisions, current: current ?? revisions.update };
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
