import type { Counter, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import type { ZoneCount } from './zones.ts';

/** What the loop over the nodes tells, under Kubernetes' names. */
export interface NodeLifecycleMetrics {
  readonly sweepDuration: Histogram;
  readonly nodeDuration: Histogram;
  evictions(zone: string): Counter;
  /** Undefined: the zone has no nodes any more. */
  zone(zone: string, count: ZoneCount | undefined): void;
}

function powersOfFour(start: number): readonly number[] {
  return Array.from({ length: 8 }, (_, power) => start * 4 ** power);
}

export function nodeLifecycleMetrics(registry: MetricRegistry): NodeLifecycleMetrics {
  const named = (name: string, help: string) => ({ name: `node_collector_${name}`, help });
  const perZone = (name: string, help: string) => ({ ...named(name, help), labels: ['zone'] });
  const health = registry.gauge(perZone('zone_health', 'Percentage of healthy nodes per zone'));
  const size = registry.gauge(perZone('zone_size', 'Registered nodes per zone'));
  const unhealthy = registry.gauge(perZone('unhealthy_nodes_in_zone', 'Nodes per zone that are not ready'));
  const evictions = registry.counter(
    perZone('evictions_total', 'Nodes whose pods were made to leave, since the start'),
  );
  const all = named('update_all_nodes_health_duration_seconds', 'How long it took to look at all nodes');
  const one = named('update_node_health_duration_seconds', 'How long it took to look at one node');
  return {
    sweepDuration: registry.histogram({ ...all, buckets: powersOfFour(0.01) }).with(),
    nodeDuration: registry.histogram({ ...one, buckets: powersOfFour(0.001) }).with(),
    evictions: (zone) => evictions.with(zone),
    zone(zone, { ready, notReady } = { ready: 0, notReady: 0 }) {
      const total: number = ready + notReady;
      health.with(zone).set(total === 0 ? 100 : (100 * ready) / total);
      size.with(zone).set(total);
      unhealthy.with(zone).set(notReady);
    },
  };
}
