import type { KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import { define } from '../../src/resources/define.ts';
import type { ResourceDefinition } from '../../src/resources/definition.ts';
import * as types from '../../src/resources/schema/resource-types.generated.ts';

type Loose = KubeObject & { readonly spec?: unknown; readonly status?: unknown };

const wanted: readonly ResourceType[] = [
  types.pods,
  types.nodes,
  types.services,
  types.persistentVolumes,
  types.persistentVolumeClaims,
  types.deployments,
  types.replicaSets,
  types.statefulSets,
];

/** The built-in kinds, and those that have no definition yet in a form that lets everything pass. */
export const testDefinitions: readonly ResourceDefinition[] = [
  ...builtInDefinitions,
  ...wanted.filter((type) => !builtInDefinitions.some((each) => same(each.type, type))).map(looseDefinition),
];

function same(one: ResourceType, other: ResourceType): boolean {
  return one.group === other.group && one.resource === other.resource;
}

function looseDefinition(type: ResourceType): ResourceDefinition {
  return define<Loose>(type as ResourceType<Loose>, {
    storage: { keyPrefix: `/registry/${type.resource}/` },
    validateName: () => [],
    prepareForUpdate(object, old) {
      object.status = old.status;
    },
    changesGeneration: (object, old) => JSON.stringify(object.spec) !== JSON.stringify(old.spec),
    status: {
      prepareForUpdate(object, old) {
        object.spec = old.spec;
      },
    },
    ...(type.resource === 'pods' && {
      gracePeriodSeconds: (_: Loose, requested: number | undefined) => requested ?? 30,
    }),
  }) as unknown as ResourceDefinition;
}
