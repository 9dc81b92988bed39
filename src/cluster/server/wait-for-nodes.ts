import type { Client } from '../../client/client.ts';
import { findCondition } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { parseTime } from '../../machinery/time.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { leases, nodes } from '../../resources/schema/resource-types.generated.ts';

const patienceMs = 120_000;

/**
 * Resolves when all of these nodes are ready and have shown a sign of life since `sinceMs` (milliseconds since 1970): what the store says of
 * nodes is from before. Throws with what a node says of itself when they do not become so.
 */
export async function waitForNodes(
  client: Client,
  environment: Environment,
  wanted: { readonly names: readonly string[]; readonly sinceMs: number },
  progress: (text: string) => void,
): Promise<void> {
  const { names, sinceMs } = wanted;
  const expected = new Set(names);
  const deadline = environment.monotonic() + patienceMs;
  for (;;) {
    const [{ items }, renewals] = await Promise.all([
      client.list(nodes),
      client.list(leases, { namespace: 'kube-node-lease' }),
    ]);
    const alive = new Set(
      renewals.items
        .filter(({ spec }) => (parseTime(spec?.renewTime) ?? 0) >= sinceMs)
        .map(({ metadata }) => metadata.name),
    );
    const own = items.filter(({ metadata: { name = '' } }) => expected.has(name));
    const ready = own.filter((node) => readyOf(node)?.status === 'True' && alive.has(node.metadata.name)).length;
    if (ready >= names.length) return;
    progress(`${ready} of ${names.length}`);
    if (environment.monotonic() > deadline) {
      const words = own.map(
        (node) => `${node.metadata.name}: ${readyOf(node)?.message ?? 'it has not told its state'}`,
      );
      throw new Error(
        `${names.length - ready} of ${names.length} nodes did not become ready (${words.join('; ') || 'none has registered'}): see "stuurman logs --part agent"`,
      );
    }
    await environment.sleep(25);
  }
}

function readyOf({ status }: Node) {
  return findCondition(status?.conditions, 'Ready');
}
