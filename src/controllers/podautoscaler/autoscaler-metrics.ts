import { exponentialBuckets, type MetricRegistry } from '../../machinery/metrics.ts';

/** What a look at an autoscaler, or at one metric of it, comes to. */
export type ScaleAction = 'scale_down' | 'scale_up' | 'none';

/** What the autoscaler counts, under Kubernetes' names. */
export interface AutoscalerMetrics {
  reconciled(action: ScaleAction, failed: boolean, durationMs: number): void;
  /** A number of pods was worked out from one metric of this type. */
  computed(metricType: string, action: ScaleAction, failed: boolean, durationMs: number): void;
}

export function autoscalerMetrics(registry: MetricRegistry): AutoscalerMetrics {
  const prefix = 'horizontal_pod_autoscaler_controller';
  const buckets = exponentialBuckets(0.001, 2, 10);
  const ofLook = ['action', 'error'];
  const ofMetric = ['action', 'error', 'metric_type'];
  const looks = registry.counter({
    name: `${prefix}_reconciliations_total`,
    help: 'Looks at autoscalers, by what was done and what went wrong',
    labels: ofLook,
  });
  const lookSeconds = registry.histogram({
    name: `${prefix}_reconciliation_duration_seconds`,
    help: 'How long one look at an autoscaler takes',
    labels: ofLook,
    buckets,
  });
  const computations = registry.counter({
    name: `${prefix}_metric_computation_total`,
    help: 'Numbers of pods worked out from one metric, by what it asks for and what went wrong',
    labels: ofMetric,
  });
  const computationSeconds = registry.histogram({
    name: `${prefix}_metric_computation_duration_seconds`,
    help: 'How long it takes to work out a number of pods from one metric',
    labels: ofMetric,
    buckets,
  });
  return {
    reconciled(action, failed, durationMs) {
      looks.with(action, errorOf(failed)).add();
      lookSeconds.with(action, errorOf(failed)).observe(durationMs / 1000);
    },
    computed(metricType, action, failed, durationMs) {
      computations.with(action, errorOf(failed), metricType).add();
      computationSeconds.with(action, errorOf(failed), metricType).observe(durationMs / 1000);
    },
  };
}

function errorOf(failed: boolean): string {
  return failed ? 'internal' : 'none';
}

export function scaleAction(from: number, to: number): ScaleAction {
  if (from === to) return 'none';
  return to > from ? 'scale_up' : 'scale_down';
}
