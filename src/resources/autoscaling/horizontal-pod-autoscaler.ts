import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import { type Draft, draft } from '../../machinery/object.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
} from '../schema/autoscaling-v2.generated.ts';
import { horizontalPodAutoscalers } from '../schema/resource-types.generated.ts';
import { shared } from '../shared.ts';
import { autoscalerRow } from './autoscaler-row.ts';
import { cpuMetric, usualCpuUtilization } from './cpu-metric.ts';
import { setBehaviorDefaults } from './scaling-behavior.ts';
import { withoutV1Annotations } from './v1-annotations.ts';
import { validateAutoscalerSpec, validateAutoscalerStatus, validationOf } from './validate-autoscaler.ts';

export const autoscalerKeyPrefix = '/registry/horizontalpodautoscalers/';

const noStatus: HorizontalPodAutoscalerStatus = { desiredReplicas: 0, currentMetrics: null };

export const horizontalPodAutoscalerDefinition = define<HorizontalPodAutoscaler>(horizontalPodAutoscalers, {
  storage: { keyPrefix: autoscalerKeyPrefix },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  prepareForCreate(autoscaler) {
    autoscaler.status = draft(noStatus);
  },
  prepareForUpdate(autoscaler, old) {
    autoscaler.status = shared(old.status ?? noStatus);
  },
  validate: ({ spec }, errors) => validateAutoscalerSpec(spec, validationOf(spec, undefined), errors),
  validateUpdate: ({ spec }, old, errors) => validateAutoscalerSpec(spec, validationOf(spec, old.spec), errors),
  changesGeneration: (autoscaler, old) => !equal(autoscaler.spec, old.spec),
  status: {
    prepareForUpdate(autoscaler, old) {
      autoscaler.spec = shared(old.spec);
    },
    validateUpdate: ({ status = noStatus }, _old, errors) => validateAutoscalerStatus(status, errors),
  },
  row: autoscalerRow,
});

function setDefaults(autoscaler: Draft<HorizontalPodAutoscaler>): void {
  withoutV1Annotations(autoscaler.metadata);
  autoscaler.spec ??= {} as Draft<HorizontalPodAutoscalerSpec>;
  autoscaler.status ??= draft(noStatus);
  const { spec } = autoscaler;
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) spec.metrics = [cpuMetric(usualCpuUtilization)];
  if (spec.behavior !== undefined) setBehaviorDefaults(spec.behavior);
}
