import type { Informer } from '../../client/informer.ts';
import { isReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../machinery/time.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { nodeInformer, podInformer } from '../runtime/projections.ts';

const everyMs = 20_000;
/** How long a node may be missing before its pods are given up: it may only have been deleted to register anew. */
const quarantineMs = 40_000;
/** Finished pods are kept up to this many. */
const mostFinished = 12_500;
const outOfService = 'node.kubernetes.io/out-of-service';

/** Deletes pods that nobody else will: of nodes that are gone, never scheduled but being deleted, and finished ones beyond a bound. */
export function podGcController({ client, informers, environment, logger }: ControllerContext): Controller {
  const allPods: Informer<Pod> = informers.informer(pods, podInformer);
  const allNodes: Informer<Node> = informers.informer(nodes, nodeInformer);
  const missingSince = new Map<string, number>();

  const remove = async ({ pod, reason }: Doomed, signal: AbortSignal): Promise<void> => {
    const { namespace, name = '', uid } = pod.metadata;
    const finished = isFinished(pod);
    logger.info('deleting a pod', { pod: `${namespace}/${name}`, reason });
    try {
      if (!finished) {
        const condition = {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByPodGC',
          message: `PodGC: ${reason}`,
          lastTransitionTime: formatTime(environment.now()),
        };
        const disrupted = reason === orphaned || reason === unreachable;
        const body = { metadata: { uid }, status: { phase: 'Failed', ...(disrupted && { conditions: [condition] }) } };
        await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
      }
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid }, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  };

  return {
    name: 'pod-garbage-collector',
    concurrency: 1,
    initialKeys: ['all'],
    watches: [watching(allPods, () => []), watching(allNodes, () => [])],
    async reconcile(_key, signal) {
      const known = new Map([...allNodes.list()].map((node) => [node.metadata.name ?? '', node]));
      const all = [...allPods.list()];
      noteMissing(missingSince, known, all, environment.now());
      const gone = (nodeName: string) =>
        environment.now() - (missingSince.get(nodeName) ?? Number.POSITIVE_INFINITY) >= quarantineMs;
      for (const doomed of doomedPods(all, known, gone)) {
        // The cache may be behind: a node is only gone when the server says so.
        if (doomed.reason === orphaned && (await nodeExists(doomed.pod.spec?.nodeName ?? '', signal))) continue;
        await remove(doomed, signal);
      }
      return { requeueAfterMs: everyMs };
    },
  };

  async function nodeExists(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await client.get(nodes, { name }, { signal });
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return false;
      throw error;
    }
  }
}

interface Doomed {
  readonly pod: Pod;
  readonly reason: string;
}

const orphaned = 'node no longer exists';
const unreachable = 'node is out of service';

/** What is to be deleted, and why. */
export function doomedPods(
  all: readonly Pod[],
  known: ReadonlyMap<string, Node>,
  gone: (nodeName: string) => boolean,
): readonly Doomed[] {
  const doomed: Doomed[] = [];
  const finished: Pod[] = [];
  for (const pod of all) {
    const nodeName = pod.spec?.nodeName ?? '';
    const deleting = typeof pod.metadata.deletionTimestamp === 'string';
    if (nodeName === '' && deleting) doomed.push({ pod, reason: 'the pod was never scheduled and is being deleted' });
    else if (nodeName !== '' && !known.has(nodeName)) {
      if (gone(nodeName)) doomed.push({ pod, reason: orphaned });
    } else if (deleting && isOutOfService(known.get(nodeName))) doomed.push({ pod, reason: unreachable });
    else if (isFinished(pod) && !deleting) finished.push(pod);
  }
  const surplus = finished.length - mostFinished;
  if (surplus > 0) {
    const oldest = finished.sort((a, b) =>
      (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1,
    );
    doomed.push(...oldest.slice(0, surplus).map((pod) => ({ pod, reason: 'too many finished pods' })));
  }
  return doomed;
}

function noteMissing(
  missingSince: Map<string, number>,
  known: ReadonlyMap<string, Node>,
  all: readonly Pod[],
  now: number,
): void {
  const missing = new Set(all.map((pod) => pod.spec?.nodeName ?? '').filter((name) => name !== '' && !known.has(name)));
  for (const name of missingSince.keys()) if (!missing.has(name)) missingSince.delete(name);
  for (const name of missing) if (!missingSince.has(name)) missingSince.set(name, now);
}

function isOutOfService(node: Node | undefined): boolean {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  return !ready && node?.spec?.taints?.some(({ key }) => key === outOfService) === true;
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
