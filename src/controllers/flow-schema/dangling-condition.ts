import type { FlowSchema, FlowSchemaCondition } from '../../resources/schema/flowcontrol-v1.generated.ts';

/** Whether the priority level that a FlowSchema names is missing, without the time. */
export function danglingCondition({ spec }: FlowSchema, found: boolean): FlowSchemaCondition {
  const what = `This FlowSchema references the PriorityLevelConfiguration object named "${spec.priorityLevelConfiguration.name}"`;
  return {
    type: 'Dangling',
    status: found ? 'False' : 'True',
    reason: found ? 'Found' : 'NotFound',
    message: found ? `${what} and it exists` : `${what} but there is no such object`,
  };
}

/** How the condition is applied to the status of the FlowSchema of this name. */
export function danglingStatus(name: string, condition: FlowSchemaCondition) {
  return {
    body: {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name },
      status: { conditions: [condition] },
    },
    options: { subresource: 'status', fieldManager: 'api-priority-and-fairness-config-consumer-v1', force: true },
  };
}
