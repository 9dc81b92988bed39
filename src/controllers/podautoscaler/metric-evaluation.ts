import type { Client } from '../../client/client.ts';
import type { LabelSelector } from '../../machinery/label-selector.ts';
import { formatQuantity, parseQuantity, quantityOf, scaledValue } from '../../machinery/quantity.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../resources/schema/autoscaling-v2.generated.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { PodMetrics } from '../../resources/schema/metrics-v1beta1.generated.ts';
import { metricsPods } from '../../resources/schema/resource-types.generated.ts';
import { messageOf } from '../runtime/pod-control.ts';
import { selectorWords } from '../runtime/selector-words.ts';
import { podMetricsOf } from './pod-metrics.ts';
import {
  type Proposal,
  replicasForAverageValue,
  replicasForUtilization,
  type Tolerances,
  type UsageSnapshot,
} from './replica-calculator.ts';

export interface MetricRequest {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly currentReplicas: number;
  readonly selector: LabelSelector;
  /** All that the selector selects. */
  readonly pods: readonly Pod[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface EvaluatedMetric {
  readonly replicas: number;
  /** As events and conditions call it. */
  readonly name: string;
  readonly status: MetricStatus;
}

/** A metric that says nothing. Its message is that of the event and the condition. */
export class MetricFailure extends Error {
  readonly reason: string;
  /** What the failure is called among those of all metrics of an autoscaler. */
  readonly inWhole: string;

  constructor(reason: string, message: string, inWhole: string) {
    super(message);
    this.reason = reason;
    this.inWhole = inWhole;
  }
}

/** How far usage may be off its target where the autoscaler does not say. */
const usualTolerance = 0.1;

/**
 * How many pods one metric asks for. Of metrics about anything but what pods use, nothing can be known: the cluster serves neither of the
 * APIs that would tell. Throws a MetricFailure.
 */
export async function evaluateMetric(
  client: Pick<Client, 'list'>,
  spec: MetricSpec,
  request: MetricRequest,
  signal: AbortSignal,
): Promise<EvaluatedMetric> {
  const { resource, containerResource } = spec;
  if (spec.type === 'Resource' && resource !== undefined) {
    const { name, target } = resource;
    const failed = usageFailure('FailedGetResourceMetric', `${name} resource metric`, signal);
    const proposal = await usage(client, { name, container: '', target }, request, signal).catch(failed);
    const status = { type: spec.type, resource: { name, current: currentOf(name, proposal) } };
    return { replicas: proposal.replicas, name: metricName(name, target, 'resource utilization'), status };
  }
  if (spec.type === 'ContainerResource' && containerResource !== undefined) {
    const { name, container, target } = containerResource;
    const failed = usageFailure('FailedGetContainerResourceMetric', `${container} container metric`, signal);
    const proposal = await usage(client, containerResource, request, signal).catch(failed);
    const status = { type: spec.type, containerResource: { name, container, current: currentOf(name, proposal) } };
    return { replicas: proposal.replicas, name: metricName(name, target, 'container resource utilization'), status };
  }
  throw unservedMetric(spec, request.autoscaler.metadata.namespace ?? '');
}

function usageFailure(reason: string, what: string, signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    signal.throwIfAborted();
    throw new MetricFailure(reason, messageOf(error), `failed to get ${what} value: ${messageOf(error)}`);
  };
}

function metricName(resource: string, target: MetricTarget, what: string): string {
  if (target.averageValue !== undefined) return `${resource} resource`;
  return `${resource} ${what} (percentage of request)`;
}

interface UsageTarget {
  readonly name: string;
  readonly container: string;
  readonly target: MetricTarget;
}

async function usage(
  client: Pick<Client, 'list'>,
  { name, container, target }: UsageTarget,
  { autoscaler, currentReplicas, selector, pods, now }: MetricRequest,
  signal: AbortSignal,
): Promise<Proposal> {
  const { averageValue, averageUtilization = 0 } = target;
  const { namespace = '' } = autoscaler.metadata;
  try {
    const items = await fetchMetrics(client, name, namespace, selector, signal);
    const snapshot: UsageSnapshot = {
      currentReplicas,
      resource: name,
      container,
      tolerances: tolerancesOf(autoscaler.spec.behavior),
      pods,
      metrics: podMetricsOf(items, name, container),
      now,
    };
    if (averageValue === undefined) return replicasForUtilization(snapshot, averageUtilization);
    return replicasForAverageValue(snapshot, scaledValue(parseQuantity(averageValue), -3));
  } catch (error) {
    const what = averageValue === undefined ? 'utilization' : 'usage';
    throw new Error(`failed to get ${name} ${what}: ${messageOf(error)}`, { cause: error });
  }
}

async function fetchMetrics(
  client: Pick<Client, 'list'>,
  resource: string,
  namespace: string,
  selector: LabelSelector,
  signal: AbortSignal,
): Promise<readonly PodMetrics[]> {
  const unable = `unable to get metrics for resource ${resource}`;
  try {
    const { items } = await client.list(metricsPods, { namespace, labelSelector: selector.toString(), signal });
    if (items.length > 0) return items;
  } catch (error) {
    const why = `unable to fetch metrics from resource metrics API: ${messageOf(error)}`;
    throw new Error(`${unable}: ${why}`, { cause: error });
  }
  throw new Error(`${unable}: no metrics returned from resource metrics API`);
}

function tolerancesOf(behavior: HorizontalPodAutoscalerBehavior | undefined): Tolerances {
  const of = (tolerance: string | number | undefined): number => {
    if (tolerance === undefined) return usualTolerance;
    const { unscaled, scale } = parseQuantity(tolerance);
    return Number(`${unscaled}e${scale}`);
  };
  return { scaleDown: of(behavior?.scaleDown?.tolerance), scaleUp: of(behavior?.scaleUp?.tolerance) };
}

function currentOf(resource: string, { averageValue, utilization }: Proposal): MetricValueStatus {
  // As metrics-server writes them.
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI';
  return {
    averageValue: formatQuantity(quantityOf(averageValue, format, -3)),
    ...(utilization !== undefined && { averageUtilization: utilization }),
  };
}

/** In the words of a cluster where nobody serves the API that the metric is from. */
function unservedMetric({ object, pods, external }: MetricSpec, namespace: string): MetricFailure {
  const noCustomMetrics =
    'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
  if (pods !== undefined) {
    const why = `unable to get metric ${pods.metric.name}: ${noCustomMetrics}`;
    return new MetricFailure('FailedGetPodsMetric', why, `failed to get pods metric value: ${why}`);
  }
  if (object !== undefined) {
    const { describedObject, metric, target } = object;
    const on = `${describedObject.kind} ${namespace}/${describedObject.name}`;
    const why = `unable to get metric ${metric.name} on ${on}: ${noCustomMetrics}`;
    const inner = target.type === 'AverageValue' ? `failed to get ${metric.name} object metric: ${why}` : why;
    return new MetricFailure('FailedGetObjectMetric', why, `failed to get object metric value: ${inner}`);
  }
  const { metric, target } = external ?? {};
  const { name = '', selector } = metric ?? {};
  const notFound = `the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`;
  const failed = `unable to fetch metrics from external metrics API: ${notFound}`;
  const why = `unable to get external metric ${namespace}/${name}/${selectorWords(selector)}: ${failed}`;
  const what = target?.averageValue === undefined ? `external metric ${name}` : `${name} external metric`;
  const inWhole = `failed to get ${name} external metric value: failed to get ${what}: ${why}`;
  return new MetricFailure('FailedGetExternalMetric', why, inWhole);
}
