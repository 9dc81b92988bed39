import type { Client } from '../../client/client.ts';
import type { Lister } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { pods } from '../../resources/schema/resource-types.generated.ts';
import type { ResourceClaim, ResourceClaimConsumerReference } from '../../resources/schema/resource-v1.generated.ts';
import { needsNoClaims } from './pod-claims.ts';

/** Where pods are looked up: in the cache, and for what that does not have at the server. */
export interface PodSource {
  readonly client: Client;
  readonly pods: Lister<Pod>;
  readonly signal: AbortSignal;
}

/** Of those for whom a claim is reserved, those who still need it. Who is no pod is for others to judge. */
export async function stillReserved(
  { metadata, status }: ResourceClaim,
  source: PodSource,
): Promise<readonly ResourceClaimConsumerReference[]> {
  const remaining: ResourceClaimConsumerReference[] = [];
  for (const consumer of status?.reservedFor ?? []) {
    const isPod = (consumer.apiGroup ?? '') === '' && consumer.resource === 'pods';
    if (!isPod || (await isInNeed(consumer, metadata.namespace, source))) remaining.push(consumer);
  }
  return remaining;
}

async function isInNeed(
  { name, uid }: ResourceClaimConsumerReference,
  namespace: string | undefined,
  { client, pods: known, signal }: PodSource,
): Promise<boolean> {
  const pod = known.get(name, namespace);
  if (pod !== undefined) return pod.metadata.uid === uid && !needsNoClaims(pod);
  try {
    // The cache may not have it yet, and it may be on its way to a node by now.
    const fresh = await client.get(pods, { namespace, name }, { signal });
    return fresh.metadata.uid === uid;
  } catch (error) {
    if (isReason(error, 'NotFound')) return false;
    throw error;
  }
}
