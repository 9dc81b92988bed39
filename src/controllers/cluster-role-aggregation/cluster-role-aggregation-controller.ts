import type { Informer } from '../../client/informer.ts';
import { compileLabelSelector } from '../../machinery/label-selector.ts';
import { equal } from '../../resources/equal.ts';
import type { ClusterRole, PolicyRule } from '../../resources/schema/rbac-v1.generated.ts';
import { clusterRoles } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { withoutManagedFields } from '../runtime/projections.ts';

/** Fills the rules of ClusterRoles with an `aggregationRule` from those that it selects. */
export function clusterRoleAggregationController({ client, informers }: ControllerContext): Controller {
  const roles: Informer<ClusterRole> = informers.informer(clusterRoles, {
    projection: withoutManagedFields<ClusterRole>,
  });
  const aggregated = () => [...roles.list()].filter(({ aggregationRule }) => aggregationRule !== undefined);
  return {
    name: 'clusterrole-aggregation',
    // Any role may be selected by any other.
    watches: [watching(roles, () => aggregated().map(({ metadata }) => metadata.name ?? ''))],
    async reconcile(key, signal) {
      const role = roles.get(key);
      if (role?.aggregationRule === undefined || typeof role.metadata.deletionTimestamp === 'string') return undefined;
      const rules = aggregateRules(role, roles.list());
      if (equal(role.rules ?? [], rules)) return undefined;
      const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: key }, rules };
      await client.patch(
        clusterRoles,
        { name: key },
        { type: 'apply', body },
        { fieldManager: 'clusterrole-aggregation-controller', force: true, signal },
      );
      return undefined;
    },
  };
}

/** The rules of the selected roles, selector by selector and by name, each rule once. */
export function aggregateRules(role: ClusterRole, candidates: Iterable<ClusterRole>): readonly PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) =>
    compileLabelSelector(selector),
  );
  const others = [...candidates]
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const selected = selectors.flatMap((selector) =>
    others.filter(({ metadata }) => selector.matches(metadata.labels ?? {})),
  );
  const rules: PolicyRule[] = [];
  for (const rule of selected.flatMap((each) => each.rules ?? [])) {
    if (!rules.some((known) => equal(known, rule))) rules.push(rule);
  }
  return rules;
}
