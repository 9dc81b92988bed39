import { nothing, selectorFromLabels } from '../../machinery/label-selector.ts';
import type { ReplicationController } from '../../resources/schema/core-v1.generated.ts';
import { replicationControllers } from '../../resources/schema/resource-types.generated.ts';
import { replicaController } from '../replicaset/replica-loop.ts';
import type { Controller } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { byController, controllerIndex, withoutManagedFields } from '../runtime/projections.ts';

const informer = {
  projection: withoutManagedFields<ReplicationController>,
  indexes: { [byController]: controllerIndex },
};

/** Keeps as many pods as a ReplicationController asks for: the elder of ReplicaSet, with a selector of labels alone. */
export function replicationController(context: ControllerContext): Controller {
  return replicaController<ReplicationController>(context, {
    name: 'replicationcontroller',
    type: replicationControllers,
    informer,
    selectorOf: ({ spec }) => (spec?.selector === undefined ? nothing : selectorFromLabels(spec.selector)),
    // Pods on their way out are counted by ReplicaSets alone.
    statusOf: (_owner, counted) => counted,
  });
}
