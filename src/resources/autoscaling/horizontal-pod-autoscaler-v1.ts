import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { define } from '../define.ts';
import type { WriteContext } from '../definition.ts';
import type {
  HorizontalPodAutoscaler as AutoscalerV1,
  HorizontalPodAutoscalerSpec as AutoscalerV1Spec,
} from '../schema/autoscaling-v1.generated.ts';
import type { HorizontalPodAutoscaler } from '../schema/autoscaling-v2.generated.ts';
import { horizontalPodAutoscalers, horizontalPodAutoscalersV1 } from '../schema/resource-types.generated.ts';
import { autoscalerKeyPrefix, horizontalPodAutoscalerDefinition as current } from './horizontal-pod-autoscaler.ts';
import { fromV1, toV1 } from './v1-conversion.ts';

type Prepare = (object: Draft<HorizontalPodAutoscaler>, old: HorizontalPodAutoscaler, context: WriteContext) => void;

/** The older form of the same objects: every rule is that of v2, put to the object that it stands for. */
export const horizontalPodAutoscalerV1Definition = define<AutoscalerV1>(horizontalPodAutoscalersV1, {
  storage: {
    keyPrefix: autoscalerKeyPrefix,
    conversion: {
      storedAs: horizontalPodAutoscalers,
      toStorage(autoscaler) {
        const stored = fromV1(autoscaler) as Draft<HorizontalPodAutoscaler>;
        current.setDefaults(stored);
        return stored as HorizontalPodAutoscaler;
      },
      fromStorage: (object) => toV1(object as HorizontalPodAutoscaler),
    },
  },
  setDefaults(autoscaler) {
    autoscaler.spec ??= {} as Draft<AutoscalerV1Spec>;
    autoscaler.spec.minReplicas ??= 1;
    // Annotations say only what v2 makes of them, and CPU is a metric when there is no other.
    become(autoscaler, fromV1(autoscaler as AutoscalerV1));
  },
  validateName: nameIsDnsSubdomain,
  prepareForCreate(autoscaler, context) {
    const converted = fromV1(autoscaler as AutoscalerV1) as Draft<HorizontalPodAutoscaler>;
    current.prepareForCreate?.(converted, context);
    become(autoscaler, converted as HorizontalPodAutoscaler);
  },
  prepareForUpdate: prepared((...args) => current.prepareForUpdate?.(...args)),
  validate: (autoscaler, errors) => {
    errors.push(...current.validate(fromV1(autoscaler)));
  },
  validateUpdate: (autoscaler, old, errors) => {
    errors.push(...current.validateUpdate(fromV1(autoscaler), fromV1(old)));
  },
  changesGeneration: (autoscaler, old) => current.changesGeneration?.(fromV1(autoscaler), fromV1(old)) ?? false,
  status: {
    prepareForUpdate: prepared((...args) => current.status?.prepareForUpdate(...args)),
    validateUpdate: (autoscaler, old, errors, context) => {
      errors.push(...(current.status?.validateUpdate(fromV1(autoscaler), fromV1(old), context) ?? []));
    },
  },
  row: (autoscaler, now) => current.row(fromV1(autoscaler), now),
});

function prepared(prepare: Prepare) {
  return (autoscaler: Draft<AutoscalerV1>, old: AutoscalerV1, context: WriteContext): void => {
    const converted = fromV1(autoscaler as AutoscalerV1) as Draft<HorizontalPodAutoscaler>;
    prepare(converted, fromV1(old), context);
    become(autoscaler, converted as HorizontalPodAutoscaler);
  };
}

/** In place: who prepares an object goes on with its metadata. */
function become(autoscaler: Draft<AutoscalerV1>, converted: HorizontalPodAutoscaler): void {
  const { metadata, spec, status } = toV1(converted) as Draft<AutoscalerV1>;
  if (metadata.annotations === undefined) delete autoscaler.metadata.annotations;
  else autoscaler.metadata.annotations = metadata.annotations;
  Object.assign(autoscaler, { spec, status });
}
