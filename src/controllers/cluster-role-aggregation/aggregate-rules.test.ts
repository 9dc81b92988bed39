import { expect, test } from 'vitest';
import type { ClusterRole } from '../../resources/schema/rbac-v1.generated.ts';
import { aggregateRules } from './cluster-role-aggregation-controller.ts';

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
const role = (name: string, labels: Record<string, string>, ...resources: string[]): ClusterRole => ({
  metadata: { name, labels },
  rules: resources.map(rule),
});

test('rules of the selected roles, selector by selector, by name and once', () => {
  const view: ClusterRole = {
    metadata: { name: 'view', labels: { aggregate: 'yes' } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { last: 'no' } }, { matchLabels: { aggregate: 'yes' } }] },
    rules: [rule('stale')],
  };
  const roles = [
    view,
    role('b', { aggregate: 'yes' }, 'pods', 'services'),
    role('a', { aggregate: 'yes' }, 'pods'),
    role('c', {}, 'secrets'),
    role('d', { last: 'no' }, 'nodes'),
  ];
  expect(aggregateRules(view, roles)).toEqual([rule('nodes'), rule('pods'), rule('services')]);
});
