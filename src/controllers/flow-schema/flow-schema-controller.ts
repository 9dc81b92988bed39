import type { Informer } from '../../client/informer.ts';
import { findCondition, saysTheSame } from '../../machinery/conditions.ts';
import { formatTime } from '../../machinery/time.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../resources/schema/flowcontrol-v1.generated.ts';
import { flowSchemas, priorityLevelConfigurations } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { metadataOnly, withoutManagedFields } from '../runtime/projections.ts';
import { danglingCondition, danglingStatus } from './dangling-condition.ts';

/** Says of each FlowSchema whether the priority level that it names is there. */
export function flowSchemaController({ client, informers, environment }: ControllerContext): Controller {
  const schemas: Informer<FlowSchema> = informers.informer(flowSchemas, {
    projection: withoutManagedFields<FlowSchema>,
  });
  const levels: Informer<PriorityLevelConfiguration> = informers.informer(priorityLevelConfigurations, {
    projection: metadataOnly<PriorityLevelConfiguration>,
  });
  return {
    name: 'flow-schema-controller',
    watches: [
      watching(schemas, ownKey),
      watching(levels, ({ type, object }) =>
        type === 'updated'
          ? []
          : [...schemas.list()]
              .filter(({ spec }) => spec.priorityLevelConfiguration.name === object.metadata.name)
              .map(({ metadata }) => metadata.name ?? ''),
      ),
    ],
    async reconcile(name, signal) {
      const schema = schemas.get(name);
      if (schema === undefined) return undefined;
      const wanted = danglingCondition(schema, levels.get(schema.spec.priorityLevelConfiguration.name) !== undefined);
      if (saysTheSame(findCondition(schema.status?.conditions, 'Dangling'), wanted)) return undefined;
      const { body, options } = danglingStatus(name, { ...wanted, lastTransitionTime: formatTime(environment.now()) });
      await client.patch(flowSchemas, { name }, { type: 'apply', body }, { ...options, signal });
      return undefined;
    },
  };
}
