import { expect, test } from 'vitest';
import { type Draft, draft, type KubeObject } from '../../machinery/object.ts';
import type { ResourceDefinition } from '../definition.ts';
import { deploymentDefinition } from './deployment.ts';
import { replicaSetDefinition } from './replica-set.ts';
import { statefulSetDefinition } from './stateful-set.ts';

const definitions = [
  deploymentDefinition,
  replicaSetDefinition,
  statefulSetDefinition,
] as unknown as ResourceDefinition[];

test.each(definitions.map(({ type, scale }) => [type.resource, scale] as const))('%s scale', (_resource, scale) => {
  const workload = {
    apiVersion: 'apps/v1',
    kind: 'Workload',
    metadata: { name: 'web' },
    spec: {
      replicas: 3,
      selector: {
        matchLabels: { tier: 'front', app: 'web' },
        matchExpressions: [
          { key: 'zone', operator: 'NotIn', values: ['b', 'a'] },
          { key: 'canary', operator: 'DoesNotExist' },
        ],
      },
    },
    status: { replicas: 2 },
  } as KubeObject;
  expect(scale?.replicas(workload)).toBe(3);
  expect(scale?.statusReplicas(workload)).toBe(2);
  // In the order of keys and values, as `kubectl get --subresource=scale` shows it.
  expect(scale?.selector(workload)).toBe('app=web,!canary,tier=front,zone notin (a,b)');
  expect(scale?.statusReplicas({ ...workload, status: undefined } as KubeObject)).toBe(0);

  const changed: Draft<KubeObject> = draft(workload);
  scale?.setReplicas(changed, 0);
  expect(scale?.replicas(changed as KubeObject)).toBe(0);
});
