import type { Client } from '../../client/client.ts';
import { isConditionTrue } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ObjectMeta } from '../../machinery/object.ts';
import type { Pod } from '../../resources/schema/core-v1.generated.ts';
import { deployments, pods, statefulSets } from '../../resources/schema/resource-types.generated.ts';

export interface WaitForDemoOptions {
  readonly client: Pick<Client, 'get' | 'list'>;
  readonly environment: Environment;
  /** The uids of the pods that the runtime of a node runs. */
  runningOn(nodeName: string): Promise<ReadonlySet<string>>;
}

const patienceMs = 240_000;
const namespace = 'shop';
const parts = [
  { type: deployments, name: 'database', replicas: 1 },
  { type: statefulSets, name: 'application', replicas: 2 },
  { type: deployments, name: 'web', replicas: 3 },
] as const;

/**
 * Resolves when every part of the shop is as the manifest asks for, and available. What the store says at first may be from an earlier run
 * of the cluster, whose containers ended with their machine: only pods that a runtime has now are counted.
 */
export async function waitForDemo(options: WaitForDemoOptions, progress: (text: string) => void): Promise<void> {
  const { client, environment } = options;
  const deadline = environment.monotonic() + patienceMs;
  for (;;) {
    const found = await availablePods(options);
    const rolledOut = await Promise.all(parts.map((part) => isRolledOut(client, part)));
    const counts = parts.map(({ name }) => found.filter(({ metadata }) => metadata.labels?.['app'] === name).length);
    if (parts.every(({ replicas }, at) => counts[at] === replicas && rolledOut[at] === true)) return;
    progress(parts.map(({ name, replicas }, at) => `${name} ${counts[at]}/${replicas}`).join(', '));
    if (environment.monotonic() > deadline) {
      throw new Error(
        `the shop did not become available (${await complaints(client)}): see kubectl -n shop describe pods`,
      );
    }
    await environment.sleep(100);
  }
}

/** The runtimes are asked first: a container that runs anew is told of by the store only once it is known to have ended before. */
async function availablePods({ client, runningOn }: WaitForDemoOptions): Promise<readonly Pod[]> {
  const before = await client.list(pods, { namespace });
  const nodeNames = new Set(before.items.flatMap(({ spec }) => spec?.nodeName ?? []));
  const running = new Set((await Promise.all([...nodeNames].map(runningOn))).flatMap((uids) => [...uids]));
  const { items } = await client.list(pods, { namespace });
  return items.filter(
    ({ metadata, status }) =>
      running.has(metadata.uid ?? '') &&
      metadata.deletionTimestamp === undefined &&
      isConditionTrue(status?.conditions, 'Ready'),
  );
}

interface Workload {
  readonly metadata: ObjectMeta;
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined;
        readonly updatedReplicas?: number | undefined;
        readonly availableReplicas?: number | undefined;
      }
    | undefined;
}

async function isRolledOut(client: Pick<Client, 'get'>, { type, name, replicas }: (typeof parts)[number]) {
  const { metadata, status }: Workload = await client.get<Workload>(type, { namespace, name });
  return (
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === replicas &&
    status.availableReplicas === replicas
  );
}

async function complaints(client: Pick<Client, 'list'>): Promise<string> {
  const { items } = await client.list(pods, { namespace });
  const waiting = items
    .flatMap(({ metadata, status }) =>
      (status?.containerStatuses ?? []).map((each) => [metadata.name, each.state?.waiting] as const),
    )
    .filter(([, state]) => state !== undefined)
    .map(([name, state]) => `${name}: ${state?.reason} ${state?.message ?? ''}`);
  return waiting.join('; ') || 'no container says why';
}
