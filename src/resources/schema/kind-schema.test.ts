import { expect, test } from 'vitest';
import { apiVersionOf } from '../../machinery/resource-type.ts';
import { kindSchema } from './kind-schema.ts';
import { resourceFacts } from './resource-facts.generated.ts';

test('finds the type of every resource', () => {
  for (const fact of resourceFacts) expect(kindSchema(apiVersionOf(fact), fact.kind)?.name).toBe(fact.typeName);
});

test('finds kinds that are no resources, and none of groups that only begin alike', () => {
  expect(kindSchema('v1', 'Status')?.name).toBe('meta.v1.Status');
  expect(kindSchema('', 'APIVersions')?.name).toBe('meta.v1.APIVersions');
  expect(kindSchema('meta.k8s.io/v1', 'PartialObjectMetadata')?.name).toBe('meta.v1.PartialObjectMetadata');
  expect(kindSchema('apidiscovery.k8s.io/v2', 'APIGroupDiscoveryList')?.name).toBe(
    'apidiscovery.v2.APIGroupDiscoveryList',
  );
  expect(kindSchema('autoscaling/v1', 'Scale')?.name).toBe('autoscaling.v1.Scale');
  expect(kindSchema('batch.example.com/v1', 'Job')).toBeUndefined();
});
