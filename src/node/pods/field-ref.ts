import { milliValueOf, wholeValueOf } from '../../machinery/quantity.ts';
import type { Container, Pod, ResourceFieldSelector } from '../../resources/schema/core-v1.generated.ts';

export interface PodFacts {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  /** What limits default to: the node's allocatable. */
  readonly allocatable: Readonly<Record<string, string | number>>;
}

/** The text of a field of the pod, for environment variables and downward API files. Throws an `Error` for an unknown path. */
export function fieldText(path: string, { pod, podIps, hostIps }: PodFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) {
    const [, map, key = ''] = subscript;
    return pod.metadata[map as 'labels' | 'annotations']?.[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name ?? '';
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return hostIps[0] ?? '';
    case 'status.hostIPs':
      return hostIps.join(',');
    case 'status.podIP':
      return podIps[0] ?? '';
    case 'status.podIPs':
      return podIps.join(',');
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** One `key="value"` a line, sorted by key. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join('\n');
}

/** A request or limit of a container in units of the divisor, rounded up. Throws an `Error` for an unknown resource. */
export function resourceText(
  selector: ResourceFieldSelector,
  container: Container,
  allocatable: PodFacts['allocatable'],
): string {
  const [kind = '', ...rest] = selector.resource.split('.');
  const name = rest.join('.');
  const known = name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-');
  if ((kind !== 'requests' && kind !== 'limits') || !known)
    throw new Error(`unsupported container resource : ${selector.resource}`);
  const own = container.resources?.[kind]?.[name];
  const value = own ?? (kind === 'limits' ? (allocatable[name] ?? 0) : 0);
  const divisor = selector.divisor === undefined || selector.divisor === '0' ? '1' : selector.divisor;
  const amount = name === 'cpu' ? milliValueOf : wholeValueOf;
  return String(Math.ceil(amount(value) / Math.max(1, amount(divisor))));
}
