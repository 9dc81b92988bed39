import type { Informer } from '../../client/informer.ts';
import { isConditionTrue } from '../../machinery/conditions.ts';
import { isReason } from '../../machinery/status-error.ts';
import { disruptionTarget } from '../../resources/core/pod/disruption-target.ts';
import type { Node, Pod } from '../../resources/schema/core-v1.generated.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import { byCreation } from '../runtime/by-creation.ts';
import { type Controller, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import { keyOf } from '../runtime/object-keys.ts';
import { isPodFinished } from '../runtime/pods.ts';
import { nodeInformer, podInformer } from '../runtime/projections.ts';

const everyMs = 20_000;
/** How long a node may be missing before its pods are given up: it may only have been deleted to register anew. */
const quarantineMs = 40_000;
/** Finished pods are kept up to this many. */
const mostFinished = 12_500;
const outOfService = 'node.kubernetes.io/out-of-service';

/** Deletes pods that nobody else will: of nodes that are gone, never scheduled but being deleted, and finished ones beyond a bound. */
export function podGcController({ client, informers, environment, logger, metrics }: ControllerContext): Controller {
  const allPods: Informer<Pod> = informers.informer(pods, podInformer);
  const allNodes: Informer<Node> = informers.informer(nodes, nodeInformer);
  const missingSince = new Map<string, number>();

  const counter = (name: string, help: string) =>
    metrics.counter({ name: `pod_gc_collector_${name}`, help, labels: ['namespace', 'reason'] });
  const deletions = counter('force_delete_pods_total', 'Pods that were deleted because nobody else would');
  const failures = counter('force_delete_pod_errors_total', 'Such deletions that failed');

  const remove = async ({ pod, reason }: Doomed, signal: AbortSignal): Promise<void> => {
    const { namespace, name = '', uid } = pod.metadata;
    logger.info('deleting a pod', { pod: `${namespace}/${name}`, reason });
    try {
      if (!isPodFinished(pod)) {
        const message = 'PodGC: node no longer exists';
        const condition = disruptionTarget(pod, 'DeletionByPodGC', message, environment.now());
        const status = { phase: 'Failed', ...(reason === 'orphaned' && { conditions: [condition] }) };
        const body = { metadata: { uid }, status };
        await client.patch(pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status', signal });
      }
      await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid }, signal });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  };

  /** One that cannot be deleted keeps nobody else; the next look tries it again. */
  const removeAll = async (doomed: readonly Doomed[], signal: AbortSignal): Promise<void> => {
    const exists = new Map<string, boolean>();
    for (const each of doomed) {
      const { pod, reason } = each;
      const labels = [pod.metadata.namespace ?? '', reason];
      try {
        if (reason === 'orphaned') {
          // The cache may be behind: a node is only gone when the server says so.
          const nodeName = pod.spec?.nodeName ?? '';
          const known = exists.get(nodeName) ?? (await nodeExists(nodeName, signal));
          exists.set(nodeName, known);
          if (known) continue;
        }
        await remove(each, signal);
      } catch (error) {
        signal.throwIfAborted();
        failures.with(...labels).add();
        logger.warn('a pod was not deleted, will retry', { pod: keyOf(pod), reason, err: error });
      }
      deletions.with(...labels).add();
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
      await removeAll(doomedPods(all, known, gone), signal);
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
  /** As Kubernetes' metrics have it. */
  readonly reason: 'terminated' | 'out-of-service' | 'orphaned' | 'unscheduled';
}

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
    if (nodeName === '' && deleting) doomed.push({ pod, reason: 'unscheduled' });
    else if (nodeName !== '' && !known.has(nodeName)) {
      if (gone(nodeName)) doomed.push({ pod, reason: 'orphaned' });
    } else if (deleting && isOutOfService(known.get(nodeName))) doomed.push({ pod, reason: 'out-of-service' });
    else if (isPodFinished(pod) && !deleting) finished.push(pod);
  }
  const surplus = finished.length - mostFinished;
  if (surplus > 0) {
    // Those that their node put out say the least about what ran, and go first.
    const oldest = finished.sort((a, b) => Number(isPutOut(b)) - Number(isPutOut(a)) || byCreation(a, b));
    doomed.push(...oldest.slice(0, surplus).map((pod) => ({ pod, reason: 'terminated' as const })));
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
  const ready = isConditionTrue(node?.status?.conditions, 'Ready');
  return !ready && node?.spec?.taints?.some(({ key }) => key === outOfService) === true;
}

function isPutOut({ status }: Pod): boolean {
  return status?.phase === 'Failed' && status.reason === 'Evicted';
}
