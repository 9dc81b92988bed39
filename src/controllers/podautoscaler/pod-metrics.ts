import { parseGoDuration } from '../../machinery/go-duration.ts';
import { parseQuantity, scaledValue } from '../../machinery/quantity.ts';
import { parseTime } from '../../machinery/time.ts';
import type { PodMetrics } from '../../resources/schema/metrics-v1beta1.generated.ts';

/** What a pod uses of one resource. */
export interface PodMetric {
  /** Thousandths of a unit. */
  readonly value: bigint;
  /** When it was measured, milliseconds since 1970, and over how long a time. */
  readonly timestamp: number;
  readonly windowMs: number;
}

/**
 * By name of pod, what its containers use together, or one of them where it is named. Pods of which that is not known as a whole are
 * left out.
 */
export function podMetricsOf(
  items: readonly PodMetrics[],
  resource: string,
  container: string,
): ReadonlyMap<string, PodMetric> {
  const found = new Map<string, PodMetric>();
  for (const { metadata, containers, timestamp, window } of items) {
    const counted = container === '' ? containers : containers.filter(({ name }) => name === container);
    const amounts = counted.map(({ usage }) => usage[resource]);
    if (amounts.length === 0 || amounts.includes(undefined)) continue;
    const value = amounts.reduce<bigint>((sum, amount) => sum + scaledValue(parseQuantity(amount ?? 0), -3), 0n);
    found.set(metadata.name ?? '', {
      value,
      timestamp: parseTime(timestamp) ?? 0,
      windowMs: parseGoDuration(window) ?? 0,
    });
  }
  return found;
}
