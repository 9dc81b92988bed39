import type { Informer } from '../../client/informer.ts';
import { referenceTo } from '../../client/object-reference.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { nodeInformer } from '../runtime/projections.ts';

export interface NodeIpamOptions {
  /** The ranges to give out, in order: `10.244.0.0/24`, `10.244.1.0/24`, ... */
  readonly ranges: readonly string[];
}

/** Gives each node a range of pod addresses. A node keeps its range for life; that of a node that is gone is given out again last. */
export function nodeIpamController(
  { client, informers, events }: ControllerContext,
  { ranges }: NodeIpamOptions,
): Controller {
  const known: Informer<Node> = informers.informer(nodes, nodeInformer);
  // Ranges given but not yet seen in the cache, by node: two nodes that register together must not get the same.
  const given = new Map<string, string>();
  let next = 0;

  const take = (): string | undefined => {
    const used = new Set(given.values());
    for (const { spec } of known.list()) if (spec?.podCIDR !== undefined) used.add(spec.podCIDR);
    for (let tried = 0; tried < ranges.length; tried++) {
      const candidate = ranges[(next + tried) % ranges.length];
      if (candidate === undefined || used.has(candidate)) continue;
      next = (next + tried + 1) % ranges.length;
      return candidate;
    }
    return undefined;
  };

  return {
    name: 'node-ipam',
    concurrency: 1,
    watches: [watching(known, ownKey)],
    async reconcile(key, signal) {
      const node = known.get(key);
      if (node === undefined || node.spec?.podCIDR !== undefined) {
        given.delete(key);
        return undefined;
      }
      const range = given.get(key) ?? take();
      if (range === undefined) {
        events.event(
          referenceTo(nodes, node),
          'Normal',
          'CIDRNotAvailable',
          `Node ${key} status is now: CIDRNotAvailable`,
        );
        return { requeueAfterMs: 30_000 };
      }
      given.set(key, range);
      const body = { spec: { podCIDR: range, podCIDRs: [range] } };
      await client.patch(nodes, { name: key }, { type: 'strategic', body }, { signal });
      return undefined;
    },
  };
}
