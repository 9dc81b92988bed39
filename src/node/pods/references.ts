import type { Container, Pod } from '../../resources/schema/core-v1.generated.ts';

/** An object that a pod reads: each time it changes the pod may want to be looked at. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret' | 'ClusterTrustBundle';
  /** Of trust bundles all are followed: which count may change with their labels. */
  readonly name: string;
}

/** The config maps, secrets and trust bundles that a pod's volumes, variables and image pulls refer to, each once. */
export function referencesOf(pod: Pod): readonly Reference[] {
  const found = new Map<string, Reference>();
  const add = (kind: Reference['kind'], name: string | undefined) => {
    if (name !== undefined && name !== '') found.set(`${kind}/${name}`, { kind, name });
  };
  const {
    volumes = [],
    initContainers = [],
    containers = [],
    ephemeralContainers = [],
    imagePullSecrets = [],
  } = pod.spec ?? { containers: [] };
  for (const { configMap, secret, projected } of volumes) {
    add('ConfigMap', configMap?.name);
    add('Secret', secret?.secretName);
    for (const source of projected?.sources ?? []) {
      add('ConfigMap', source.configMap?.name);
      add('Secret', source.secret?.name);
      if (source.clusterTrustBundle !== undefined) add('ClusterTrustBundle', '*');
    }
  }
  const all: readonly Container[] = [...initContainers, ...containers, ...ephemeralContainers];
  for (const { env = [], envFrom = [] } of all) {
    for (const { valueFrom } of env) {
      add('ConfigMap', valueFrom?.configMapKeyRef?.name);
      add('Secret', valueFrom?.secretKeyRef?.name);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      add('ConfigMap', configMapRef?.name);
      add('Secret', secretRef?.name);
    }
  }
  for (const { name } of imagePullSecrets) add('Secret', name);
  return [...found.values()];
}
