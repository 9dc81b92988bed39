import type { Reader } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { formatGoDuration } from '../../machinery/go-duration.ts';
import type { KubeObject } from '../../machinery/object.ts';
import { notFound } from '../../machinery/status-errors.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { NodeMetrics, PodMetrics } from '../../resources/schema/metrics-v1beta1.generated.ts';
import { metricsNodes, metricsPods, nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import type { ComputedHandler } from '../registry/extension-points.ts';
import type { MetricsScraper } from './metrics-scraper.ts';

export interface ResourceMetricsOptions {
  readonly reader: Reader;
  readonly scraper: Pick<MetricsScraper, 'history'>;
  readonly environment: Pick<Environment, 'now'>;
}

/** What nodes and pods use (`metrics.k8s.io`), from the figures of their agents, in the shape that metrics-server gives them. */
export function resourceMetrics(options: ResourceMetricsOptions): readonly ComputedHandler[] {
  const { reader } = options;
  return [
    {
      resource: metricsNodes,
      async get({ name }) {
        const metrics = nodeMetricsOf(options, await reader.get(nodes, { name }));
        if (metrics === undefined) throw notFound(metricsNodes, name);
        return metrics;
      },
      async list() {
        const { items } = await reader.list(nodes);
        return items.flatMap((node) => nodeMetricsOf(options, node) ?? []);
      },
    },
    {
      resource: metricsPods,
      async get({ namespace, name }) {
        const metrics = podMetricsOf(options, await reader.get(pods, { namespace, name }));
        if (metrics === undefined) throw notFound(metricsPods, `${namespace}/${name}`);
        return metrics;
      },
      async list({ namespace }) {
        const { items } = await reader.list(pods, namespace === '' ? {} : { namespace });
        return items.flatMap((pod) => podMetricsOf(options, pod) ?? []);
      },
    },
  ];
}

/** Undefined while it is not known. */
function nodeMetricsOf({ scraper, environment }: ResourceMetricsOptions, { metadata }: Node): NodeMetrics | undefined {
  const measured = scraper.history(metadata.name ?? '')?.node();
  if (measured === undefined) return undefined;
  const { usage, timestamp, windowMs } = measured;
  return { metadata: metadataOf({ metadata }, environment.now()), ...timesOf(timestamp, windowMs), usage };
}

/** Of pods that run: only the node that a pod is bound to is believed. */
function podMetricsOf({ scraper, environment }: ResourceMetricsOptions, pod: Pod): PodMetrics | undefined {
  if (pod.status?.phase !== 'Running') return undefined;
  const { namespace = '', name = '' } = pod.metadata;
  const measured = scraper.history(pod.spec?.nodeName ?? '')?.pod(namespace, name);
  if (measured === undefined) return undefined;
  const { containers, timestamp, windowMs } = measured;
  return { metadata: metadataOf(pod, environment.now()), ...timesOf(timestamp, windowMs), containers };
}

function metadataOf({ metadata }: KubeObject, now: number): NodeMetrics['metadata'] {
  const { name = '', namespace, labels } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    creationTimestamp: formatTime(now),
    ...(labels !== undefined && { labels }),
  };
}

function timesOf(timestamp: number, windowMs: number) {
  return { timestamp: formatTime(timestamp), window: formatGoDuration(windowMs) };
}
