import type { Container, PodSpec } from '../../../schema/core-v1.generated.ts';
import type { ObjectMeta } from '../../../schema/meta-v1.generated.ts';
import { appArmorAnnotation } from '../app-armor-annotations.ts';

const withoutFunction: readonly (readonly [key: string, fate: string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
];
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const seccompFate = 'non-functional in v1.27+; use the "seccompProfile" field instead';
const appArmorFate = 'deprecated since v1.30; use the "appArmorProfile" field instead';

/** Annotations that once did what fields do now. `prefix` leads to the template: empty for a pod. */
export function annotationWarnings({ annotations = {} }: ObjectMeta, prefix: string): readonly string[] {
  return withoutFunction.flatMap(([key, fate]) =>
    annotations[key] === undefined ? [] : [`${prefix}metadata.annotations[${key}]: ${fate}`],
  );
}

export function seccompWarnings({ annotations = {} }: ObjectMeta, spec: PodSpec, prefix: string): readonly string[] {
  const keys = spec.containers
    .concat(spec.initContainers ?? [])
    .filter(({ securityContext }) => securityContext?.seccompProfile === undefined)
    .map(({ name }) => seccompContainer + name);
  if (spec.securityContext?.seccompProfile === undefined) keys.unshift(seccompPod);
  return keys.flatMap((key) =>
    annotations[key] === undefined ? [] : [`${prefix}metadata.annotations[${key}]: ${seccompFate}`],
  );
}

export function appArmorWarnings(
  { annotations = {} }: ObjectMeta,
  containers: readonly Container[],
  prefix: string,
  hasField: (container: Container) => boolean,
): string[] {
  return containers.flatMap((container) => {
    const key = appArmorAnnotation + container.name;
    const told = annotations[key] !== undefined && !hasField(container);
    return told ? [`${prefix}metadata.annotations[${key}]: ${appArmorFate}`] : [];
  });
}
