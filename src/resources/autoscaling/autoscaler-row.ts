import { canonicalQuantity } from '../../machinery/quantity.ts';
import { ageSince } from '../../machinery/time.ts';
import type { Cell } from '../definition.ts';
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../schema/autoscaling-v2.generated.ts';

const shownMetrics = 2;
const unknown = '<unknown>';

export function autoscalerRow({ metadata, spec, status }: HorizontalPodAutoscaler, now: number): readonly Cell[] {
  const { scaleTargetRef, minReplicas, maxReplicas, metrics = [] } = spec;
  return [
    metadata.name ?? '',
    `${scaleTargetRef.kind}/${scaleTargetRef.name}`,
    metricsText(metrics, status?.currentMetrics ?? []),
    minReplicas === undefined ? '<unset>' : String(minReplicas),
    maxReplicas,
    status?.currentReplicas ?? 0,
    ageSince(metadata.creationTimestamp, now),
  ];
}

/** `cpu: 30%/80%, 500m/1 + 2 more...`: what is, and what is wanted. */
function metricsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const shown = specs.slice(0, shownMetrics).map((spec, index) => metricText(spec, statuses[index]));
  const more = specs.length - shownMetrics;
  return more > 0 ? `${shown.join(', ')} + ${more} more...` : shown.join(', ');
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return amountsText(spec.external?.target, status?.external?.current);
    case 'Object':
      return amountsText(spec.object?.target, status?.object?.current);
    case 'Pods':
      return `${amount(status?.pods?.current.averageValue)}/${amount(spec.pods?.target.averageValue)}`;
    case 'Resource':
      return `${spec.resource?.name}: ${resourceText(spec.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource': {
      const { name, target } = spec.containerResource ?? {};
      return `${name}: ${resourceText(target, status?.containerResource?.current)}`;
    }
    default:
      return '<unknown type>';
  }
}

function amountsText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined)
    return `${amount(current?.averageValue)}/${amount(target.averageValue)} (avg)`;
  return `${amount(current?.value)}/${amount(target?.value)}`;
}

function resourceText(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${amount(current?.averageValue)}/${amount(target.averageValue)}`;
  const { averageUtilization } = target ?? {};
  const wanted = averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`;
  return `${current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`}/${wanted}`;
}

function amount(quantity: string | number | undefined): string {
  return quantity === undefined ? unknown : (canonicalQuantity(quantity) ?? String(quantity));
}
