import { expect, test } from 'vitest';
import type { PolicyRule } from '../../resources/schema/rbac-v1.generated.ts';
import { uncoveredRules } from './rule-coverage.ts';

const pods = (verbs: readonly string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs,
  apiGroups: [''],
  resources: ['pods'],
  ...more,
});

test.each<[string, readonly PolicyRule[], PolicyRule, number]>([
  ['the same', [pods(['get'])], pods(['get']), 0],
  ['more verbs', [pods(['get'])], pods(['get', 'list', 'watch']), 2],
  ['verbs of several rules together', [pods(['get']), pods(['list'])], pods(['get', 'list']), 0],
  ['every verb covers one', [pods(['*'])], pods(['get']), 0],
  ['one does not cover every verb', [pods(['get'])], pods(['*']), 1],
  ['every group', [pods(['get'], { apiGroups: ['*'] })], pods(['get'], { apiGroups: ['a', 'b'] }), 0],
  ['another group', [pods(['get'])], pods(['get'], { apiGroups: ['a', ''] }), 1],
  ['every resource', [pods(['get'], { resources: ['*'] })], pods(['get'], { resources: ['pods/log'] }), 0],
  ['a subresource of all', [pods(['get'], { resources: ['*/log'] })], pods(['get'], { resources: ['pods/log'] }), 0],
  ['a subresource is not the resource', [pods(['get'])], pods(['get'], { resources: ['pods/log'] }), 1],
  ['names are less than all', [pods(['get'])], pods(['get'], { resourceNames: ['a'] }), 0],
  ['all are more than names', [pods(['get'], { resourceNames: ['a'] })], pods(['get']), 1],
  ['some names', [pods(['get'], { resourceNames: ['a'] })], pods(['get'], { resourceNames: ['a', 'b'] }), 1],
  ['a path', [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }], { verbs: ['get'], nonResourceURLs: ['/a/b', '/b'] }, 1],
  ['every path', [{ verbs: ['*'], nonResourceURLs: ['*'] }], { verbs: ['get'], nonResourceURLs: ['/a/*'] }, 0],
  ['paths and resources apart', [{ verbs: ['*'], nonResourceURLs: ['*'] }], pods(['get']), 1],
])('%s', (_, owned, wanted, missing) => {
  expect(uncoveredRules(owned, [wanted])).toHaveLength(missing);
});

test('what is missing is told one by one', () => {
  const wanted = pods(['get', 'list'], { resourceNames: ['a', 'b'] });
  expect(uncoveredRules([pods(['get'])], [wanted])).toEqual([
    pods(['list'], { resourceNames: ['a'] }),
    pods(['list'], { resourceNames: ['b'] }),
  ]);
});
