import { isConditionTrue } from '../../machinery/conditions.ts';
import type { StorageVersionMigration } from '../../resources/schema/storagemigration-v1.generated.ts';
import { hasEnded } from '../../resources/storagemigration/storage-version-migration.ts';

/** What is to be done about the migrations of one resource. */
export interface MigrationPlan {
  /** They have come to their end and still say that they run. */
  readonly toFinish: readonly StorageVersionMigration[];
  /** The one whose turn it is. */
  readonly toStart: StorageVersionMigration | undefined;
  readonly running: readonly StorageVersionMigration[];
}

/** One migration of a resource runs at a time, the oldest that waits next. */
export function planMigrations(migrations: Iterable<StorageVersionMigration>): MigrationPlan {
  const toFinish: StorageVersionMigration[] = [];
  const running: StorageVersionMigration[] = [];
  const waiting: StorageVersionMigration[] = [];
  for (const migration of migrations) {
    const ended = hasEnded(migration, 'Succeeded') || hasEnded(migration, 'Failed');
    const runs = isConditionTrue(migration.status?.conditions, 'Running');
    if (runs) (ended ? toFinish : running).push(migration);
    else if (!ended) waiting.push(migration);
  }
  return { toFinish, running, toStart: running.length > 0 ? undefined : waiting.toSorted(byAge)[0] };
}

function byAge({ metadata: one }: StorageVersionMigration, { metadata: other }: StorageVersionMigration): number {
  const ages = [one, other].map(({ creationTimestamp = '', name = '' }) => `${creationTimestamp} ${name}`);
  return (ages[0] ?? '') < (ages[1] ?? '') ? -1 : 1;
}
