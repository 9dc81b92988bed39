import type { Counter, Family, Gauge, MetricRegistry } from '../../machinery/metrics.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';

/** What one cache counts. */
export interface ResourceCacheMetrics {
  readonly objects: Gauge;
  readonly watchers: Gauge;
  readonly received: Counter;
  /** Watchers that were ended for being slow. */
  readonly terminated: Counter;
}

const labels = ['group', 'resource'];

/** The metrics of all caches, registered once; each cache binds its own. */
export class CacheMetrics {
  readonly #objects: Family<Gauge>;
  readonly #watchers: Family<Gauge>;
  readonly #received: Family<Counter>;
  readonly #terminated: Family<Counter>;

  constructor(metrics: MetricRegistry) {
    this.#objects = metrics.gauge({
      name: 'apiserver_resource_objects',
      help: 'Objects of a resource that are stored.',
      labels,
    });
    this.#watchers = metrics.gauge({ name: 'apiserver_registered_watchers', help: 'Watches that are open.', labels });
    this.#received = metrics.counter({
      name: 'apiserver_watch_cache_events_received_total',
      help: 'Changes that the cache of a resource has received from the store.',
      labels,
    });
    this.#terminated = metrics.counter({
      name: 'apiserver_terminated_watchers_total',
      help: 'Watches that were ended because they were not read fast enough.',
      labels,
    });
  }

  of({ group, resource }: Pick<ResourceType, 'group' | 'resource'>): ResourceCacheMetrics {
    return {
      objects: this.#objects.with(group, resource),
      watchers: this.#watchers.with(group, resource),
      received: this.#received.with(group, resource),
      terminated: this.#terminated.with(group, resource),
    };
  }
}
