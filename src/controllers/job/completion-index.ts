import type { JobSpec } from '../../resources/schema/batch-v1.generated.ts';
import type { Container, Pod, PodTemplateSpec } from '../../resources/schema/core-v1.generated.ts';

/** Annotation and label alike. */
export const completionIndexKey = 'batch.kubernetes.io/job-completion-index';
export const failureCountKey = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredFailureCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count';

const environmentName = 'JOB_COMPLETION_INDEX';
/** A generated name has room for a suffix of five within 63 characters. */
const maxPrefixLength = 58;
const maxInt32 = 2_147_483_647;

/** The index of a pod of an indexed job; undefined when it has none that can be read. */
export function completionIndex({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[completionIndexKey] ?? '';
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** The index, if the job still has so many. */
export function validIndex(pod: Pod, { completions = 0 }: JobSpec): number | undefined {
  const index = completionIndex(pod);
  return index !== undefined && index < completions ? index : undefined;
}

/** How often pods of this index have failed before this one; a number that somebody spoilt counts as none. */
export function earlierFailures(pod: Pod): { readonly counted: number; readonly ignored: number } {
  const read = (key: string) => {
    const text = pod.metadata.annotations?.[key] ?? '';
    return /^\+?\d+$/.test(text) && Number(text) <= maxInt32 ? Number(text) : 0;
  };
  return { counted: read(failureCountKey), ignored: read(ignoredFailureCountKey) };
}

/** `job-3-`, shortened in front where that would be too long. */
export function indexedPodPrefix(jobName: string, index: number): string {
  const suffix = `-${index}-`;
  return `${jobName.slice(0, maxPrefixLength - suffix.length)}${suffix}`;
}

/** The template for one index: it is told to the pod by annotation, label, host name and environment. */
export function templateForIndex(
  template: PodTemplateSpec,
  jobName: string,
  index: number,
  annotations: Readonly<Record<string, string>>,
): PodTemplateSpec {
  const { metadata = {}, spec } = template;
  const told = { [completionIndexKey]: String(index) };
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...told },
      annotations: { ...metadata.annotations, ...told, ...annotations },
    },
    spec: spec && {
      ...spec,
      hostname: `${jobName}-${index}`,
      containers: spec.containers.map(withIndexVariable),
      initContainers: spec.initContainers?.map(withIndexVariable),
    },
  };
}

function withIndexVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === environmentName)) return container;
  const fieldPath = `metadata.labels['${completionIndexKey}']`;
  return { ...container, env: [...env, { name: environmentName, valueFrom: { fieldRef: { fieldPath } } }] };
}
