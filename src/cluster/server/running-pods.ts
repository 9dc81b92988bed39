import type { Dialer } from '../../client/dialer.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { readHttpText } from '../../wire/http-body.ts';

const longestAnswer = 2 ** 20;

/** The uids of the pods that the runtime of a node runs, whatever the store says of them; none while the node does not answer. */
export async function runningPods(dialer: Dialer, nodeName: string): Promise<ReadonlySet<string>> {
  try {
    const node = await dialer.node(nodeName);
    const answer = await node.fetch({ method: 'GET', path: '/runningpods/', headers: {} });
    const text = await readHttpText(answer.body, longestAnswer);
    if (answer.status !== 200) return new Set();
    const { items } = JSON.parse(text) as { readonly items: readonly Pod[] };
    return new Set(items.map(({ metadata }) => metadata.uid ?? ''));
  } catch {
    return new Set();
  }
}
