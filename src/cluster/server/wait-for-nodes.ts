import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';

const patienceMs = 120_000;

/** Resolves when so many nodes are ready; throws with what a node says of itself when they do not become so. */
export async function waitForNodes(
  client: Client,
  environment: Environment,
  count: number,
  progress: (text: string) => void,
): Promise<void> {
  const deadline = environment.monotonic() + patienceMs;
  for (;;) {
    const { items } = await client.list(nodes);
    const ready = items.filter((node) => readyOf(node)?.status === 'True').length;
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
