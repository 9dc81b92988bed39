import { formatTime } from '../../machinery/time.ts';
import type { HorizontalPodAutoscalerCondition } from '../../resources/schema/autoscaling-v2.generated.ts';

export type AutoscalerConditionType = 'AbleToScale' | 'ScalingActive' | 'ScalingLimited' | 'ScaledToZero';

/** The conditions of an autoscaler while they are decided upon: each keeps its place, and its time while its status stays. */
export class AutoscalerConditions {
  #all: readonly HorizontalPodAutoscalerCondition[];
  readonly #now: number;

  /** `now`: milliseconds since 1970. */
  constructor(conditions: readonly HorizontalPodAutoscalerCondition[], now: number) {
    this.#all = conditions;
    this.#now = now;
  }

  get all(): readonly HorizontalPodAutoscalerCondition[] {
    return this.#all;
  }

  isTrue(type: AutoscalerConditionType): boolean {
    return this.#all.some((each) => each.type === type && each.status === 'True');
  }

  set(type: AutoscalerConditionType, isTrue: boolean, reason: string, message: string): void {
    const status = isTrue ? 'True' : 'False';
    const old = this.#all.find((each) => each.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(this.#now);
    const condition = { ...old, type, status, lastTransitionTime, reason, message };
    this.#all =
      old === undefined ? [...this.#all, condition] : this.#all.map((each) => (each === old ? condition : each));
  }
}
