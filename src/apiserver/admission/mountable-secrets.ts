import type { Draft } from '../../machinery/object.ts';
import type { Container, EphemeralContainer, Pod, ServiceAccount } from '../../resources/schema/core-v1.generated.ts';

/**
 * For service accounts with `kubernetes.io/enforce-mountable-secrets`: the first secret of the pod that its account does not list,
 * in words. `ephemeralOnly`: just the containers that an update added are looked at.
 */
export function secretNotMountable(
  account: ServiceAccount,
  pod: Draft<Pod>,
  ephemeralOnly: boolean,
): string | undefined {
  const mountable = new Set((account.secrets ?? []).map((secret) => secret.name));
  const behind = `is not allowed because service account ${account.metadata.name} does not reference that`;
  const { spec } = pod;
  if (ephemeralOnly) return inContainers('ephemeral container', spec?.ephemeralContainers, mountable, behind);
  const volume = (spec?.volumes ?? []).find((each) => each.secret != null && !mountable.has(each.secret.secretName));
  if (volume !== undefined)
    return `volume with secret.secretName="${volume.secret?.secretName ?? ''}" ${behind} secret`;
  const container =
    inContainers('init container', spec?.initContainers, mountable, behind) ??
    inContainers('container', spec?.containers, mountable, behind);
  if (container !== undefined) return container;
  const pullable = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  const pullSecrets = spec?.imagePullSecrets ?? [];
  const at = pullSecrets.findIndex((secret) => !pullable.has(secret.name));
  return at < 0 ? undefined : `imagePullSecrets[${at}].name="${pullSecrets[at]?.name ?? ''}" ${behind} imagePullSecret`;
}

function inContainers(
  title: string,
  containers: readonly Draft<Container | EphemeralContainer>[] | undefined,
  mountable: ReadonlySet<string | undefined>,
  behind: string,
): string | undefined {
  for (const { name, env, envFrom } of containers ?? []) {
    for (const variable of env ?? []) {
      const reference = variable.valueFrom?.secretKeyRef;
      if (reference != null && !mountable.has(reference.name)) {
        return `${title} ${name} with envVar ${variable.name} referencing secret.secretName="${reference.name}" ${behind} secret`;
      }
    }
    for (const { secretRef } of envFrom ?? []) {
      if (secretRef != null && !mountable.has(secretRef.name)) {
        return `${title} ${name} with envFrom referencing secret.secretName="${secretRef.name}" ${behind} secret`;
      }
    }
  }
  return undefined;
}
