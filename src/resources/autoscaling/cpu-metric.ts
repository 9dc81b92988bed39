import type { Draft } from '../../machinery/object.ts';
import type { MetricSpec } from '../schema/autoscaling-v2.generated.ts';

/** What is wanted of an autoscaler that says nothing, percent. */
export const usualCpuUtilization = 80;

/** What autoscalers were made for, and what v1 has a field for. */
export function cpuMetric(averageUtilization: number): Draft<MetricSpec> {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}
