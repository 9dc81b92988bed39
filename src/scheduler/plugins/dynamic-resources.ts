import type { Lister } from '../../client/informer.ts';
import { deviceClaimOf } from '../../resources/core/pod/device-claims.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import type { DeviceClass, ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import { type Plugin, rejectedForGood } from '../framework.ts';

export const devicePlugin = 'DynamicResources';

export interface DynamicResourcesOptions {
  readonly deviceClaims: Lister<ResourceClaim>;
  readonly deviceClasses: Lister<DeviceClass>;
}

/**
 * A pod is not tried before all its claims for devices are there. Nobody gives out devices yet: a pod that has such claims waits, and is
 * not bound to a node that would have to refuse it.
 */
export function dynamicResources({ deviceClaims, deviceClasses }: DynamicResourcesOptions): Plugin {
  const claimsOf = (pod: Pod): readonly ResourceClaim[] | string => claimsOrProblem(pod, deviceClaims);
  return {
    name: devicePlugin,
    retryOn: ['NodeAdded', 'NodeChanged', 'DevicesChanged', 'PodUpdated'],
    preEnqueue(pod) {
      const claims = claimsOf(pod);
      return typeof claims === 'string' ? claims : undefined;
    },
    preFilter(_state, { pod }) {
      if ((pod.spec?.resourceClaims ?? []).length === 0) return 'skip';
      const claims = claimsOf(pod);
      const problem = typeof claims === 'string' ? claims : missingClass(claims, deviceClasses);
      return problem === undefined ? undefined : rejectedForGood(problem);
    },
    filter: () => rejectedForGood('cannot allocate all claims'),
  };
}

/** The claims of a pod, or why it cannot have one of them yet. */
function claimsOrProblem(pod: Pod, known: Lister<ResourceClaim>): readonly ResourceClaim[] | string {
  const { namespace, name: podName, uid } = pod.metadata;
  const claims: ResourceClaim[] = [];
  for (const entry of pod.spec?.resourceClaims ?? []) {
    const wanted = deviceClaimOf(pod, entry);
    if (wanted === undefined) return `pod "${namespace}/${podName}": ResourceClaim not created yet`;
    const { name, own } = wanted;
    if (name === null) continue;
    const claim = known.get(name, namespace);
    if (claim === undefined) return `resourceclaim.resource.k8s.io "${name}" not found`;
    const { deletionTimestamp, ownerReferences = [] } = claim.metadata;
    if (deletionTimestamp !== undefined) return `resourceclaim "${name}" is being deleted`;
    if (own && !ownerReferences.some((owner) => owner.controller === true && owner.uid === uid))
      return `ResourceClaim ${namespace}/${name} was not created for Pod ${namespace}/${podName} (Pod is not owner)`;
    claims.push(claim);
  }
  return claims;
}

function missingClass(claims: readonly ResourceClaim[], classes: Lister<DeviceClass>): string | undefined {
  for (const { name, exactly, firstAvailable = [] } of claims.flatMap(({ spec }) => spec?.devices?.requests ?? [])) {
    const asked = exactly === undefined ? [] : [{ request: name, deviceClass: exactly.deviceClassName }];
    for (const each of firstAvailable)
      asked.push({ request: `${name}/${each.name}`, deviceClass: each.deviceClassName });
    const missing = asked.find(({ deviceClass }) => classes.get(deviceClass) === undefined);
    if (missing !== undefined) return `request ${missing.request}: device class ${missing.deviceClass} does not exist`;
  }
  return undefined;
}
