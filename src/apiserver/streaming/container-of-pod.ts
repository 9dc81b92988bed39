import { badRequest } from '../../machinery/status-errors.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';

/**
 * The container that is meant: the one asked for, if the pod has it, or the only one. Throws BadRequest. The annotation
 * `kubectl.kubernetes.io/default-container` is for kubectl to read; the server passes over it.
 */
export function containerOfPod(pod: Pod, asked: string): string {
  const { containers, initContainers, ephemeralContainers } = pod.spec ?? { containers: [] };
  const names = [...(initContainers ?? []), ...containers, ...(ephemeralContainers ?? [])].map((each) => each.name);
  if (asked !== '') {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
  );
}
