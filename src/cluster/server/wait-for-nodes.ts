import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { parseTime } from '../../machinery/time.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { leases, nodes } from '../../resources/schema/resource-types.generated.ts';

const patienceMs = 120_000;

/**
 * Resolves when so many nodes are ready and have shown a sign of life since `sinceMs` (milliseconds since 1970): what the store says of
 * nodes is from before. Throws with what a node says of itself when they do not become so.
 */
export async function waitForNodes(
  client: Client,
  environment: Environment,
  wanted: { readonly count: number; readonly sinceMs: number },
  progress: (text: string) => void,
): Promise<void> {
  const { count, sinceMs } = wanted;
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
    const ready = items.filter((node) => readyOf(node)?.status === 'True' && alive.has(node.metadata.name)).length;
    if (ready >= count) return;
    progress(`${ready} of ${count}`);
    if (environment.monotonic() > deadline) {
      const words = items.map(
        (node) => `${node.metadata.name}: ${readyOf(node)?.message ?? 'it has not told its state'}`,
      );
      throw new Error(
        `${count - ready} of ${count} nodes did not become ready (${words.join('; ') || 'none has registered'}): see "stuurman logs --part agent"`,
      );
    }
    await environment.sleep(25);
  }
}

function readyOf({ status }: Node) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}
