import { formatQuantity, parseQuantity, quantityOf } from '../../machinery/quantity.ts';
import { podLimits, podRequests, type ResourceAmounts } from '../../resources/core/scheduling/pod-requests.ts';
import type { Container, Pod, PodStatus } from '../../resources/schema/core-v1.generated.ts';

/** What the pod as a whole was given, and what it has, in its status (KEP-5419). */
export function podResources(pod: Pod, actual: Pod): Pick<PodStatus, 'allocatedResources' | 'resources'> {
  const given = quantities(pod, podRequests(pod), 'requests');
  const requests = quantities(actual, podRequests(actual), 'requests');
  const limits = quantities(actual, podLimits(actual), 'limits');
  return {
    ...(Object.keys(given).length > 0 && { allocatedResources: given }),
    resources: {
      ...(Object.keys(requests).length > 0 && { requests }),
      ...(Object.keys(limits).length > 0 && { limits }),
    },
  };
}

/** Amounts in the form in which the pod's containers write theirs. */
function quantities(pod: Pod, amounts: ResourceAmounts, kind: 'requests' | 'limits'): Readonly<Record<string, string>> {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const all: readonly Pick<Container, 'resources'>[] = [
    { resources: pod.spec?.resources },
    ...containers,
    ...initContainers,
  ];
  const result: Record<string, string> = {};
  for (const name in amounts) {
    const written = all.map(({ resources }) => resources?.[kind]?.[name]).find((each) => each !== undefined);
    const format = written === undefined ? 'DecimalSI' : parseQuantity(written).format;
    result[name] = formatQuantity(quantityOf(amounts[name] ?? 0, format, name === 'cpu' ? -3 : 0));
  }
  return result;
}
