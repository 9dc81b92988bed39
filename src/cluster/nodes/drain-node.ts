import type { Client } from '../../client/client.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { type DrainOptions, decideDrain } from './decide-drain.ts';

export interface DrainRequest extends DrainOptions {
  readonly client: Client;
  readonly environment: Environment;
  readonly nodeName: string;
  readonly timeoutMs: number;
  readonly progress: (text: string) => void;
}

export interface Drained {
  /** `namespace/name` of the pods that were evicted, and of those that belong to the node. */
  readonly evicted: readonly string[];
  readonly stayed: readonly string[];
}

/** A budget that refused is asked again so often, and pods that end are looked at so often. */
const refusedRetryMs = 2_000;
const lookEveryMs = 200;
const parallelEvictions = 16;

/**
 * Lets no more pods on a node, and ends those that are on it as their budgets allow. Resolves when they are gone; throws an `Error` with what
 * stands against it. The node stays cordoned then.
 */
export async function drainNode(request: DrainRequest): Promise<Drained> {
  const { client, environment, nodeName, timeoutMs, progress } = request;
  await cordon(client, nodeName);
  const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  const { evict, stay, obstacles } = decideDrain(items, request);
  if (obstacles.length > 0) {
    const words = obstacles.map(({ pod, reason, option }) => `${nameOf(pod)} (${reason}: ${option})`);
    throw new Error(
      `the node ${nodeName} was cordoned and not drained, for pods would be lost: ${words.join(', ')}. Give the options named, or move the pods first`,
    );
  }
  const deadline = environment.monotonic() + timeoutMs;
  const waiting = new Map(evict.map((pod) => [nameOf(pod), 'it has not ended']));
  const queue = [...evict];
  const work = async () => {
    for (let pod = queue.shift(); pod !== undefined; pod = queue.shift()) {
      await end(pod, deadline, request, (why) => waiting.set(nameOf(pod as Pod), why));
      waiting.delete(nameOf(pod));
      progress(`${evict.length - waiting.size} of ${evict.length} pods`);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: parallelEvictions }, work));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure?.reason instanceof DrainTimeout) {
    const words = [...waiting].map(([name, why]) => `${name} (${why})`);
    throw new Error(
      `the node ${nodeName} was not drained within ${timeoutMs / 1000} s: ${words.join(', ')}. It stays cordoned: drain it again, with a longer --timeout, or "kubectl uncordon ${nodeName}"`,
    );
  }
  if (failure !== undefined) throw failure.reason;
  return { evicted: evict.map(nameOf), stayed: stay.map(nameOf) };
}

class DrainTimeout extends Error {}

async function cordon(client: Client, name: string): Promise<void> {
  const node = await client.get(nodes, { name });
  if (node.spec?.unschedulable === true) return;
  await client.patch(nodes, { name }, { type: 'strategic', body: { spec: { unschedulable: true } } });
}

/** Evicts one pod, as often as a budget refuses, and waits until it is gone. */
async function end(
  pod: Pod,
  deadline: number,
  { client, environment }: DrainRequest,
  waits: (why: string) => void,
): Promise<void> {
  const { namespace, name = '', uid } = pod.metadata;
  const key = { namespace, name };
  for (;;) {
    try {
      await client.createSubresource(pods, key, 'eviction', {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: key,
        deleteOptions: { preconditions: { uid } },
      });
      break;
    } catch (error) {
      // Another pod of the name has taken its place elsewhere.
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return;
      if (!isReason(error, 'TooManyRequests')) throw error;
      waits((error as Error).message);
      if (environment.monotonic() + refusedRetryMs > deadline) throw new DrainTimeout();
      await environment.sleep(refusedRetryMs);
    }
  }
  waits('it has not ended');
  for (;;) {
    const current = await client.get(pods, key).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    });
    if (current?.metadata.uid !== uid) return;
    if (environment.monotonic() > deadline) throw new DrainTimeout();
    await environment.sleep(lookEveryMs);
  }
}

function nameOf({ metadata: { namespace, name } }: Pod): string {
  return `${namespace}/${name}`;
}
