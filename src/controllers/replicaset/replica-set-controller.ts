import { compileLabelSelector } from '../../machinery/label-selector.ts';
import type { ReplicaSet } from '../../resources/schema/apps-v1.generated.ts';
import { replicaSets } from '../../resources/schema/resource-types.generated.ts';
import type { Controller } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { byController, controllerIndex, withoutManagedFields } from '../runtime/projections.ts';
import { replicaController } from './replica-loop.ts';

/** How ReplicaSets are asked for. */
export const replicaSetInformer = {
  projection: withoutManagedFields<ReplicaSet>,
  indexes: { [byController]: controllerIndex },
};

/** Keeps as many pods as a ReplicaSet asks for. */
export function replicaSetController(context: ControllerContext): Controller {
  return replicaController<ReplicaSet>(context, {
    name: 'replicaset',
    type: replicaSets,
    informer: replicaSetInformer,
    selectorOf: ({ spec }) => compileLabelSelector(spec.selector),
    statusOf: (_replicaSet, counted, terminatingReplicas) => ({ ...counted, terminatingReplicas }),
  });
}
