import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';
import type { ContainerConfig, Image, Mount } from '../runtime/runtime.ts';
import { containerHash } from './container-hash.ts';
import { expand } from './expand.ts';
import { annotations, containerLabels } from './labels.ts';
import { linuxResources } from './linux-resources.ts';
import { containerSecurity } from './security-context.ts';

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
  readonly image: Image;
  readonly variables: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly supplementalGroups: readonly number[];
  readonly seccompDirectory: string;
  readonly memoryCapacityBytes: number;
  /** The container whose processes this one sees; undefined: its own. */
  readonly targetId?: string | undefined;
}

export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, restartCount, image, variables } = input;
  const lookup = (name: string) => variables.get(name);
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: image.id,
    command: (container.command ?? []).map((part) => expand(part, lookup)),
    args: (container.args ?? []).map((part) => expand(part, lookup)),
    workingDirectory: container.workingDir ?? '',
    env: [...variables].map(([name, value]) => ({ name, value })),
    mounts: input.mounts,
    devices: [],
    labels: containerLabels(pod, container.name),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    resources: linuxResources(pod, container, input.memoryCapacityBytes),
    securityContext: containerSecurity(input),
    stopSignal: container.lifecycle?.stopSignal,
    processNamespaceOf: input.targetId,
  };
}

function containerAnnotations(pod: Pod, container: Container, restartCount: number): Readonly<Record<string, string>> {
  const preStop = container.lifecycle?.preStop;
  const { ports } = container;
  return {
    [annotations.hash]: containerHash(container),
    [annotations.restartCount]: String(restartCount),
    [annotations.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
    [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    [annotations.terminationGracePeriod]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
    ...(preStop !== undefined && { [annotations.preStopHandler]: JSON.stringify(preStop) }),
    ...(ports !== undefined && ports.length > 0 && { [annotations.ports]: JSON.stringify(ports) }),
  };
}
