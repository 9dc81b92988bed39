import type { Client } from '../../../src/client/client.ts';
import type { KubeObject } from '../../../src/machinery/object.ts';
import type { ResourceType } from '../../../src/machinery/resource-type.ts';
import type { Container, Pod, PodSpec, Volume } from '../../../src/resources/schema/core-v1.generated.ts';

/** A small pod, and what happens to it: lived on a real kubelet and on ours, and told in the same words. */
export interface Life {
  /** Of the pod, too. */
  readonly name: string;
  readonly metadata?: Pod['metadata'];
  readonly spec: Omit<PodSpec, 'containers'> & { readonly containers: readonly Container[] };
  /** What is there before the pod. */
  readonly objects?: readonly Companion[];
  /** Absent: until the pod has succeeded or failed. */
  readonly live?: (world: LifeWorld) => Promise<void>;
}

/** An object beside the pod, in its namespace. */
export interface Companion {
  readonly type: ResourceType;
  readonly object: KubeObject & Readonly<Record<string, unknown>>;
}

/** What a life acts on and waits for. */
export interface LifeWorld {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Resolves with the first version of the pod, past or to come, of which this is true. */
  until(what: string, isSo: (pod: Pod) => boolean): Promise<void>;
  /** Resolves when an event of this reason has been told. */
  event(reason: string): Promise<void>;
  gone(): Promise<void>;
  pass(seconds: number): Promise<void>;
  create(companion: Companion): Promise<void>;
  delete(gracePeriodSeconds?: number): Promise<void>;
}

/** The image that both nodes have. */
export const image = 'stuurman.local/busybox:1';

/** A container that runs a line of shell. */
export function shell(script: string, more: Partial<Container> = {}): Container {
  return { name: 'main', image, imagePullPolicy: 'Never', command: ['sh', '-c', script], ...more };
}

/** One that runs until it is told to end, and then ends well. */
export const untilTold = 'trap "exit 0" TERM; while :; do sleep 0.1; done';

/** A volume in which a container counts its starts. */
export const counter: Volume = { name: 'counter', emptyDir: {} };
export const counting: Partial<Container> = { volumeMounts: [{ name: 'counter', mountPath: '/counter' }] };
export const thirdTime = 'echo >>/counter/starts; test $(wc -l </counter/starts) -ge 3';

/** Whether a condition of the pod has this status. */
export function has(type: string, status: 'True' | 'False'): (pod: Pod) => boolean {
  return (pod) => pod.status?.conditions?.find((each) => each.type === type)?.status === status;
}

export const isReady = has('Ready', 'True');

/** Whether the pod has come to its end. */
export function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether a container of the pod waits for this reason. */
export function waits(reason: string): (pod: Pod) => boolean {
  return ({ status }) =>
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(
      ({ state }) => state?.waiting?.reason === reason,
    );
}

/** Whether a container of the pod was started again so often. */
export function restarted(times: number): (pod: Pod) => boolean {
  return ({ status }) =>
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(
      ({ restartCount }) => (restartCount ?? 0) >= times,
    );
}
