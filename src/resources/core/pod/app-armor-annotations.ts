import type { Draft } from '../../../machinery/object.ts';
import type { AppArmorProfile, Container, Pod } from '../../schema/core-v1.generated.ts';

export const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

/** What the annotation of older manifests means; undefined for what it cannot mean. */
export function appArmorProfileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  const prefix = 'localhost/';
  if (!annotation.startsWith(prefix)) return undefined;
  return { type: 'Localhost', localhostProfile: annotation.slice(prefix.length) };
}

/** Puts into the fields what only the annotations of a new pod say (KEP-24). */
export function resolveAppArmorAnnotations({ metadata, spec }: Draft<Pod>): void {
  if (spec === undefined || spec.os?.name === 'windows') return;
  for (const key in metadata.annotations) {
    if (!key.startsWith(appArmorAnnotation)) continue;
    const profile = appArmorProfileOf(metadata.annotations[key] ?? '');
    const name = key.slice(appArmorAnnotation.length);
    for (const containers of [spec.containers, spec.initContainers ?? []]) {
      const container: Draft<Container> | undefined = containers.find((each) => each.name === name);
      if (profile === undefined || container === undefined) continue;
      container.securityContext ??= {};
      container.securityContext.appArmorProfile ??= profile;
    }
  }
}
