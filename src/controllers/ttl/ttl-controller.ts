import type { Informer } from '../../client/informer.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { ownKey } from '../runtime/object-keys.ts';
import { nodeInformer } from '../runtime/projections.ts';

const annotation = 'node.alpha.kubernetes.io/ttl';

/** How long nodes may keep secrets and config maps, by how many nodes there are. The steps overlap, so that a node more or less changes little. */
const steps = [
  { fewest: 0, most: 100, seconds: 0 },
  { fewest: 90, most: 500, seconds: 15 },
  { fewest: 450, most: 1_000, seconds: 30 },
  { fewest: 900, most: 2_000, seconds: 60 },
  { fewest: 1_800, most: Number.POSITIVE_INFINITY, seconds: 300 },
] as const;

/** Tells nodes, in an annotation, how long they may keep secrets and config maps before they ask for them again. */
export function ttlController({ client, informers }: ControllerContext): Controller {
  const known: Informer<Node> = informers.informer(nodes, nodeInformer);
  let step = 0;
  const seconds = (): number => {
    while (known.size > (steps[step]?.most ?? 0)) step++;
    while (known.size < (steps[step]?.fewest ?? 0)) step--;
    return steps[step]?.seconds ?? 0;
  };
  return {
    name: 'ttl',
    watches: [watching(known, ownKey)],
    async reconcile(name, signal) {
      const node = known.get(name);
      const wanted = `${seconds()}`;
      if (node === undefined || node.metadata.annotations?.[annotation] === wanted) return undefined;
      const body = { metadata: { annotations: { [annotation]: wanted } } };
      await client.patch(nodes, { name }, { type: 'strategic', body }, { signal });
      return undefined;
    },
  };
}
