import type { Informer } from '../../client/informer.ts';
import { withStatusCondition } from '../../machinery/conditions.ts';
import { apiVersionOf, groupResource } from '../../machinery/resource-type.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Condition } from '../../resources/schema/meta-v1.generated.ts';
import { storageVersionMigrations } from '../../resources/schema/resource-types.generated.ts';
import type {
  StorageVersionMigration,
  StorageVersionMigrationStatus,
} from '../../resources/schema/storagemigration-v1.generated.ts';
import { type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { DiscoveredResource, Discovery } from '../runtime/discovery.ts';
import { withoutManagedFields } from '../runtime/projections.ts';
import { planMigrations } from './plan-migrations.ts';
import { type RewriteResult, rewriteObjects } from './rewrite-objects.ts';

/** A resource that nobody serves may be on its way: it was asked for together with its kind. */
const patienceMs = 60_000;
const askAgainMs = 1_000;
const neededVerbs = ['update', 'patch', 'list'];

/** A condition without the time since when it holds. */
type Said = Omit<Condition, 'lastTransitionTime'>;

/**
 * Has the objects of a resource written again, for each StorageVersionMigration (KEP-4192). Every step is one write of its status,
 * which brings the next: it runs, it is of a revision, it has come to its end, it runs no more.
 */
export function storageVersionMigrator(context: ControllerContext, discovery: Discovery): Controller {
  const { client, informers, environment } = context;
  const migrations: Informer<StorageVersionMigration> = informers.informer(storageVersionMigrations, {
    projection: withoutManagedFields<StorageVersionMigration>,
  });

  async function say(
    migration: StorageVersionMigration,
    said: readonly Said[],
    signal: AbortSignal,
    status: StorageVersionMigrationStatus = migration.status ?? {},
  ): Promise<void> {
    const lastTransitionTime = formatTime(environment.now());
    const conditions = said.reduce<readonly Condition[]>(
      (all, each) => withStatusCondition(all, { ...each, lastTransitionTime }),
      status.conditions ?? [],
    );
    const object = { ...migration, status: { ...status, ...(conditions.length > 0 && { conditions }) } };
    await client.update(storageVersionMigrations, object, { subresource: 'status', signal });
  }

  /** Notes the revision up to which objects are to be written again. */
  async function begin(migration: StorageVersionMigration, signal: AbortSignal): Promise<ReconcileResult> {
    const found = servedResource(discovery, migration);
    if (found === undefined) {
      const leftMs = Date.parse(migration.metadata.creationTimestamp ?? '') + patienceMs - environment.now();
      if (leftMs > 0) return { requeueAfterMs: Math.min(leftMs, askAgainMs) };
      await say(migration, [failed('resource does not exist in discovery')], signal);
    } else if (!isMigratable(found)) {
      const name = `${apiVersionOf(found.type).replace(/^v/, '/v')}, Resource=${found.type.resource}`;
      const why = `resource "${name}" does not support discovery operations: [${neededVerbs.join(' ')}]`;
      await say(migration, [failed(why)], signal);
    } else {
      const { metadata } = await client.list(found.type, { limit: 1, signal });
      const { resourceVersion = '' } = metadata;
      await say(migration, [], signal, { ...migration.status, resourceVersion });
    }
    return undefined;
  }

  async function migrate(migration: StorageVersionMigration, signal: AbortSignal): Promise<void> {
    const found = servedResource(discovery, migration);
    if (found === undefined) {
      await say(migration, [failed(unhandled('unable to obtain GVR from discovery'))], signal);
      return;
    }
    const result = await rewriteObjects(client, found.type, migration.status?.resourceVersion ?? '', signal);
    const { total, left, failure } = result;
    if (failure === undefined) await say(migration, [running(result), succeeded], signal);
    else if (failure.passes) {
      await say(migration, [running(result, textOf(failure.error))], signal);
      throw failure.error;
    } else {
      const why = `${left}/${total} not yet migrated. ${unhandled(textOf(failure.error))}`;
      await say(migration, [running(result), failed(why)], signal);
    }
  }

  return {
    name: 'storage-version-migrator-controller',
    watches: [watching(migrations, ({ object }) => [resourceOf(object)])],
    async reconcile(key, signal) {
      const plan = planMigrations([...migrations.list()].filter((each) => resourceOf(each) === key));
      for (const migration of plan.toFinish) await say(migration, [noLongerRunning(migration)], signal);
      if (plan.toStart !== undefined) await say(plan.toStart, [running()], signal);
      let result: ReconcileResult;
      for (const migration of plan.running) {
        if ((migration.status?.resourceVersion ?? '') === '') result = (await begin(migration, signal)) ?? result;
        else await migrate(migration, signal);
      }
      return result;
    },
  };
}

function resourceOf({ spec }: StorageVersionMigration): string {
  return groupResource({ group: '', resource: '', ...spec?.resource });
}

function servedResource(discovery: Discovery, migration: StorageVersionMigration): DiscoveredResource | undefined {
  return discovery.resources().find(({ type }) => groupResource(type) === resourceOf(migration));
}

function isMigratable({ verbs }: DiscoveredResource): boolean {
  return neededVerbs.every((verb) => verbs.includes(verb));
}

const succeeded: Said = {
  type: 'Succeeded',
  status: 'True',
  reason: 'StorageVersionMigrationSucceeded',
  message: 'Migration completed',
};

function failed(message: string): Said {
  return { type: 'Failed', status: 'True', reason: 'StorageVersionMigrationFailed', message };
}

function unhandled(error: string): string {
  return `migration encountered unhandled error: ${error}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function running({ total, left }: RewriteResult = { total: 0, left: 0 }, trouble?: string): Said {
  const count = left > 0 ? `, ${left}/${total} objects not yet migrated` : `, ${total} objects verified migrated`;
  const message = `The migration is running${total > 0 ? count : ''}${trouble === undefined ? '' : `; transient error: ${trouble}`}`;
  return { type: 'Running', status: 'True', reason: 'MigrationRunning', message };
}

function noLongerRunning({ metadata: { generation } }: StorageVersionMigration): Said {
  return {
    type: 'Running',
    status: 'False',
    reason: 'MigrationCompleted',
    message: 'Migration completed',
    ...(generation !== undefined && { observedGeneration: generation }),
  };
}
