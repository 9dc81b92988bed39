import type { Draft } from '../../machinery/object.ts';
import type { HorizontalPodAutoscalerBehavior, HPAScalingRules } from '../schema/autoscaling-v2.generated.ts';

/** What an autoscaler does when it says nothing else: twice as many pods, or four more, every 15 seconds. */
const usualScaleUp: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};

/** How long it looks back before it scales down is the controller's to say. */
const usualScaleDown: HPAScalingRules = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

/** Rules that are given in part are filled up with the usual ones. */
export function setBehaviorDefaults(behavior: Draft<HorizontalPodAutoscalerBehavior>): void {
  behavior.scaleUp = filledUp(usualScaleUp, behavior.scaleUp);
  behavior.scaleDown = filledUp(usualScaleDown, behavior.scaleDown);
}

function filledUp(usual: HPAScalingRules, given: Draft<HPAScalingRules> = {}): Draft<HPAScalingRules> {
  const { stabilizationWindowSeconds: window = usual.stabilizationWindowSeconds, policies, tolerance } = given;
  return {
    ...(window !== undefined && { stabilizationWindowSeconds: window }),
    selectPolicy: given.selectPolicy ?? usual.selectPolicy,
    policies: policies ?? (usual.policies ?? []).map((policy) => ({ ...policy })),
    ...(tolerance !== undefined && { tolerance }),
  };
}
