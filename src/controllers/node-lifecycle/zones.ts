import type { Node } from '../../resources/schema/core-v1.generated.ts';

/** How a failure domain is doing; `Initial` until it was looked at once. */
export type ZoneState = 'Initial' | 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** How many nodes of a zone count as well and as ill. */
export interface ZoneCount {
  ready: number;
  notReady: number;
}

/** So few ill nodes never make a disruption of a zone, whatever its size. */
const negligible = 2;

/** The failure domain of a node: region and zone, the older labels before the newer. Nodes without either share the zone ''. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const zone = labels['failure-domain.beta.kubernetes.io/zone'] ?? labels['topology.kubernetes.io/zone'] ?? '';
  const region = labels['failure-domain.beta.kubernetes.io/region'] ?? labels['topology.kubernetes.io/region'] ?? '';
  // A zero byte is in no label, so the two cannot run into each other; Kubernetes' metrics have it as well.
  return zone === '' && region === '' ? '' : `${region}:\0:${zone}`;
}

/** `unhealthyThreshold`: the share of ill nodes, 0 to 1, from which a zone is partially disrupted. */
export function zoneState({ ready, notReady }: ZoneCount, unhealthyThreshold: number): ZoneState {
  if (ready === 0 && notReady > 0) return 'FullDisruption';
  const share = notReady / (notReady + ready);
  return notReady > negligible && share >= unhealthyThreshold ? 'PartialDisruption' : 'Normal';
}

export type DisruptionChange =
  /** Every zone is gone: more likely the control plane is cut off than all nodes at once, so nothing is evicted. */
  | { readonly type: 'enter' }
  /** The first nodes are back: all get the time to tell of themselves. */
  | { readonly type: 'leave' }
  /** Zones whose state is another now. */
  | { readonly type: 'zones'; readonly changed: readonly string[] };

/** What the states of all zones say beyond each of them. A zone that was not there before is `Initial`; one that is gone counts no more. */
export function disruptionChange(
  before: ReadonlyMap<string, ZoneState>,
  after: ReadonlyMap<string, ZoneState>,
): DisruptionChange {
  const allAre = [...after.values()].every((state) => state === 'FullDisruption');
  const allWere = [...after.keys()].every((zone) => before.get(zone) === 'FullDisruption');
  if (allAre && allWere) return { type: 'zones', changed: [] };
  if (allAre) return { type: 'enter' };
  if (allWere) return { type: 'leave' };
  return {
    type: 'zones',
    changed: [...after].filter(([zone, state]) => before.get(zone) !== state).map(([zone]) => zone),
  };
}
