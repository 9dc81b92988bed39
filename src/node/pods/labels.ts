import type { Pod } from '../../resources/schema/core-v1.generated.ts';

/**
 * What the agent writes on sandboxes and containers, so that after its own restart the runtime is its memory. The names are the
 * kubelet's: tools that look at the runtime (crictl, cadvisor, log collectors) know them.
 */
export const labels = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotations = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  terminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  /** The lifecycle's preStop handler as JSON, for a container whose pod is no longer known. */
  preStopHandler: 'io.kubernetes.container.preStopHandler',
  ports: 'io.kubernetes.container.ports',
} as const;

export interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

export function podUidOf(labelled: Labelled): string {
  return labelled.labels[labels.podUid] ?? '';
}

/** The labels of a pod's sandbox: the pod's own and who it is. */
export function sandboxLabels(pod: Pod): Readonly<Record<string, string>> {
  return { ...pod.metadata.labels, ...identityOf(pod) };
}

export function containerLabels(pod: Pod, containerName: string): Readonly<Record<string, string>> {
  return { [labels.containerName]: containerName, ...identityOf(pod) };
}

function identityOf(pod: Pod): Readonly<Record<string, string>> {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return { [labels.podName]: name, [labels.podNamespace]: namespace, [labels.podUid]: uid };
}

/** How messages name a pod: `name_namespace(uid)`. */
export function describePod(pod: Pod): string {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return `${name}_${namespace}(${uid})`;
}
