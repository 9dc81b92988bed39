import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { writeAmounts } from '../../resources/core/resource-quota/amounts.ts';
import { quotaEvaluator } from '../../resources/core/resource-quota/evaluators.ts';
import { equal } from '../../resources/equal.ts';
import type { ResourceQuota } from '../../resources/schema/core-v1.generated.ts';
import { resourceQuotas } from '../../resources/schema/resource-types.generated.ts';
import { ResourceMonitors } from '../garbage-collector/resource-monitors.ts';
import type { Change, Controller } from '../runtime/controller.ts';
import { restAfter, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Discovery } from '../runtime/discovery.ts';
import { keyOf, parseKey } from '../runtime/object-keys.ts';
import { withoutManagedFields } from '../runtime/projections.ts';
import { countUsage } from './count-usage.ts';
import { replenishes } from './replenishes.ts';

/** Everything is counted again after this, for what was charged and never came to be. */
const recountMs = 5 * 60_000;

/**
 * Counts what quotas limit. Admission charges what comes; this gives back what goes, takes limits over into the status, and corrects
 * whatever was charged in vain.
 */
export function resourceQuotaController(context: ControllerContext, discovery: Discovery): Controller {
  const { client, informers, environment } = context;
  const quotas = informers.informer(resourceQuotas, { projection: withoutManagedFields<ResourceQuota> });
  const monitors = new ResourceMonitors(discovery, context, {
    changed: (type, change) => (givesBack(type, change) ? concernedQuotas(type, change.object) : []),
    forgotten: () => [],
  });

  /** The quotas of the object's namespace that count objects of its resource. */
  function concernedQuotas(type: ResourceType, object: KubeObject): readonly string[] {
    const evaluator = quotaEvaluator(type);
    if (evaluator === undefined) return [];
    const tracked = ({ status }: ResourceQuota) =>
      Object.keys(status?.hard ?? {}).some((name) => evaluator.tracks(name));
    return [...quotas.list(object.metadata.namespace)].filter(tracked).map(keyOf);
  }

  return {
    name: 'resource-quota',
    watches: [watching(quotas, (change) => (isNewLimit(change) ? [keyOf(change.object)] : [])), ...monitors.watches()],
    follow: (engine) => monitors.follow(engine),
    async reconcile(key, signal) {
      const { name, namespace } = parseKey(key);
      const quota = quotas.get(name, namespace);
      if (quota === undefined) return undefined;
      const source = { client, monitors, now: environment.now(), signal };
      const { used, objects } = await countUsage(quota, source);
      const status = { hard: quota.spec?.hard ?? {}, used: writeAmounts(used) };
      // On a conflict all is counted again: somebody has charged meanwhile.
      if (!equal(quota.status, status))
        await client.update(resourceQuotas, { ...quota, status }, { subresource: 'status', signal });
      return { requeueAfterMs: recountMs, restMs: restAfter(objects) };
    },
  };
}

/** What has come was charged by admission. */
function givesBack(type: ResourceType, change: Change<KubeObject>): boolean {
  if (!type.namespaced || change.type === 'added') return false;
  return change.type === 'deleted' || replenishes(type, change.object, change.old);
}

function isNewLimit(change: Change<ResourceQuota>): boolean {
  if (change.type === 'deleted') return false;
  return change.type === 'added' || !equal(change.object.spec?.hard, change.old.spec?.hard);
}
