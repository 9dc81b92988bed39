import { nameIsDnsSubdomain } from '../../machinery/names.ts';
import type { Draft } from '../../machinery/object.ts';
import { ageSince } from '../../machinery/time.ts';
import { selectorText } from '../apps/workload-row.ts';
import { define } from '../define.ts';
import { equal } from '../equal.ts';
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicySpec } from '../schema/networking-v1.generated.ts';
import { networkPolicies } from '../schema/resource-types.generated.ts';
import { cidrWarnings } from '../validation/address-warnings.ts';
import { validateNetworkPolicySpec, validateNetworkPolicyUpdate } from './validate-network-policy.ts';

/** Which traffic the selected pods take and make: data for those who enforce it. */
export const networkPolicyDefinition = define<NetworkPolicy>(networkPolicies, {
  storage: { keyPrefix: '/registry/networkpolicies/' },
  setDefaults,
  validateName: nameIsDnsSubdomain,
  validate: ({ spec = {} }, errors) => validateNetworkPolicySpec(spec, errors),
  validateUpdate: ({ spec = {} }, { spec: old = {} }, errors) => validateNetworkPolicyUpdate(spec, old, errors),
  warnings: ({ spec = {} }) => [
    ...(spec.ingress ?? []).flatMap(({ from }, index) => peerWarnings(from, `spec.ingress[${index}].from`)),
    ...(spec.egress ?? []).flatMap(({ to }, index) => peerWarnings(to, `spec.egress[${index}].to`)),
  ],
  changesGeneration: (policy, old) => !equal(policy.spec, old.spec),
  row: ({ metadata, spec }, now) => [
    metadata.name ?? '',
    selectorText(spec?.podSelector ?? {}),
    ageSince(metadata.creationTimestamp, now),
  ],
});

function setDefaults(policy: Draft<NetworkPolicy>): void {
  policy.spec ??= {};
  const spec: Draft<NetworkPolicySpec> = policy.spec;
  spec.podSelector ??= {};
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
    for (const port of ports ?? []) port.protocol ??= 'TCP';
  if ((spec.policyTypes ?? []).length > 0) return;
  // Whoever writes a policy for what pods make means what they take as well.
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

function peerWarnings(peers: readonly NetworkPolicyPeer[] = [], path: string): readonly string[] {
  return peers.flatMap(({ ipBlock }, index) => {
    if (ipBlock === undefined) return [];
    const place = `${path}[${index}].ipBlock`;
    const except = ipBlock.except ?? [];
    return [
      ...cidrWarnings(`${place}.cidr`, ipBlock.cidr),
      ...except.flatMap((range, position) => cidrWarnings(`${place}.except[${position}]`, range)),
    ];
  });
}
