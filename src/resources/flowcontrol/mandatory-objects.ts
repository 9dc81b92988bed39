import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '../schema/flowcontrol-v1.generated.ts';

/** Flow schemas that every cluster has and nobody changes: for what must never wait, and for what no other schema is about. */
export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: { ...ofLevel('exempt', 1), rules: everythingOf('system:masters') },
  'catch-all': {
    ...ofLevel('catch-all', 10_000),
    distinguisherMethod: { type: 'ByUser' },
    rules: everythingOf('system:unauthenticated', 'system:authenticated'),
  },
};

/** The priority levels of these. What the exempt one lends may change. */
export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  },
};

function ofLevel(name: string, matchingPrecedence: number): FlowSchemaSpec {
  return { priorityLevelConfiguration: { name }, matchingPrecedence };
}

function everythingOf(...groups: readonly string[]): NonNullable<FlowSchemaSpec['rules']> {
  const all = ['*'];
  return [
    {
      subjects: groups.map((name) => ({ kind: 'Group', group: { name } })),
      resourceRules: [{ verbs: all, apiGroups: all, resources: all, clusterScope: true, namespaces: all }],
      nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
    },
  ];
}
