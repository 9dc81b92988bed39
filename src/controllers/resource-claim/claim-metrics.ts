import type { MetricRegistry } from '../../machinery/metrics.ts';
import type { ResourceClaim } from '../../resources/schema/resource-v1.generated.ts';
import type { Change } from '../runtime/controller.ts';
import { podClaimAnnotation } from './pod-claims.ts';

const extendedClaimAnnotation = 'resource.kubernetes.io/extended-resource-claim';

/** What is told of claims, under Kubernetes' names. */
export interface ClaimMetrics {
  /** A claim for a pod was made, or could not be. */
  made(claim: ResourceClaim, status: 'success' | 'failure'): void;
  /** Keeps the number of claims of each sort. */
  changed(change: Change<ResourceClaim>): void;
}

export function claimMetrics(registry: MetricRegistry): ClaimMetrics {
  const named = (name: string, help: string) => ({ name: `dynamic_resource_allocation_${name}`, help });
  const creates = registry.counter({
    ...named('resourceclaim_creates_total', 'Claims that were to be made for pods, by how that ended'),
    labels: ['status', 'admin_access', 'owner_api_group', 'owner_api_kind'],
  });
  const claims = registry.gauge({
    ...named('resource_claims', 'Claims by whether devices were given for them, and by where they come from'),
    labels: ['allocated', 'admin_access', 'source'],
  });
  const count = (claim: ResourceClaim, difference: number) =>
    claims
      .with(String(claim.status?.allocation !== undefined), String(asksForAdminAccess(claim)), sourceOf(claim))
      .add(difference);
  return {
    made: (claim, status) => creates.with(status, String(asksForAdminAccess(claim)), '', 'Pod').add(),
    changed({ type, object, old }) {
      if (type !== 'added') count(old ?? object, -1);
      if (type !== 'deleted') count(object, 1);
    },
  };
}

function asksForAdminAccess({ spec }: ResourceClaim): boolean {
  return (spec?.devices?.requests ?? []).some(({ exactly }) => exactly?.adminAccess === true);
}

function sourceOf({ metadata: { annotations = {} } }: ResourceClaim): string {
  if (annotations[extendedClaimAnnotation] === 'true') return 'extended_resource';
  return (annotations[podClaimAnnotation] ?? '') === '' ? '' : 'resource_claim_template';
}
