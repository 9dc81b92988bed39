import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { equal } from '../../resources/equal.ts';
import type { Namespace, Pod } from '../../resources/schema/core-v1.generated.ts';
import { namespaces, pods } from '../../resources/schema/resource-types.generated.ts';
import { type Controller, type ReconcileResult, watching } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { DiscoveredResource } from '../runtime/discovery.ts';
import { objectKey, ownKey } from '../runtime/object-keys.ts';
import { namespaceInformer, podInformer } from '../runtime/projections.ts';
import { type DeletionState, deletionConditions, errorLine, type Remainder } from './namespace-conditions.ts';

/** What can be deleted in this cluster at the moment. May throw. */
export type Discover = () => readonly DeletableResource[] | Promise<readonly DeletableResource[]>;

/** What deletion needs of a resource. */
export type DeletableResource = Pick<DiscoveredResource, 'type' | 'verbs'>;

const finalizer = 'kubernetes';
/** Nobody tells when a finalizer is done. */
const lookAgainMs = 5_000;
const pageSize = 500;

/** Deletes everything in a namespace that is being deleted, and then lets the namespace go. */
export function namespaceController(
  context: ControllerContext,
  { discover }: { readonly discover: Discover },
): Controller {
  const loop = new NamespaceLoop(context, discover);
  return {
    name: 'namespace',
    concurrency: 10,
    watches: [
      watching(loop.namespaces, ownKey),
      watching(loop.pods, ({ type, object }) =>
        type === 'deleted' && loop.isTerminating(object.metadata.namespace ?? '')
          ? [object.metadata.namespace ?? '']
          : [],
      ),
    ],
    reconcile: (key, signal) => loop.reconcile(key, signal),
  };
}

class NamespaceLoop {
  readonly namespaces: Informer<Namespace>;
  readonly pods: Informer<Pod>;
  readonly #context: ControllerContext;
  readonly #discover: Discover;

  constructor(context: ControllerContext, discover: Discover) {
    this.#context = context;
    this.#discover = discover;
    this.namespaces = context.informers.informer(namespaces, namespaceInformer);
    this.pods = context.informers.informer(pods, podInformer);
  }

  isTerminating(name: string): boolean {
    return this.namespaces.get(name)?.metadata.deletionTimestamp !== undefined;
  }

  async reconcile(name: string, signal: AbortSignal): Promise<ReconcileResult> {
    if (!this.isTerminating(name)) return undefined;
    const { client } = this.#context;
    const namespace = await client.get(namespaces, { name }, { signal }).catch((error) => {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    });
    const { finalizers = [] } = namespace?.spec ?? {};
    if (namespace?.metadata.deletionTimestamp === undefined || !finalizers.includes(finalizer)) return undefined;
    const state = await this.#deleteContent(name, signal);
    const updated = await this.#writeConditions(namespace, state, signal);
    if (state.discoveryErrors.length + state.deletionErrors.length + state.remainders.length > 0)
      return { requeueAfterMs: lookAgainMs };
    const spec = { ...updated.spec, finalizers: finalizers.filter((each) => each !== finalizer) };
    await client.update(namespaces, { ...updated, spec }, { subresource: 'finalize', signal });
    return undefined;
  }

  async #writeConditions(namespace: Namespace, state: DeletionState, signal: AbortSignal): Promise<Namespace> {
    const { conditions: existing = [] } = namespace.status ?? {};
    const conditions = deletionConditions(existing, state);
    if (equal(conditions, existing)) return namespace;
    const status = { ...namespace.status, conditions };
    return await this.#context.client.update(namespaces, { ...namespace, status }, { subresource: 'status', signal });
  }

  /** Pods first, and all else once they are gone: nothing that they use is taken away under them (KEP-5080). */
  async #deleteContent(namespace: string, signal: AbortSignal): Promise<DeletionState> {
    const now = this.#context.environment.now();
    const discoveryErrors: string[] = [];
    const deletionErrors: string[] = [];
    let discovered: readonly DeletableResource[] = [];
    try {
      discovered = await this.#discover();
    } catch (error) {
      discoveryErrors.push(error instanceof Error ? error.message : String(error));
    }
    const deletable = discovered.filter(({ type, verbs }) => type.namespaced && verbs.includes('delete'));
    const isPods = ({ type }: DeletableResource) => type.group === pods.group && type.resource === pods.resource;
    const remainders: Remainder[] = [];
    for (const stage of [deletable.filter(isPods), deletable.filter((each) => !isPods(each))]) {
      for (const resource of stage) {
        try {
          const remainder = await deleteResource(this.#context.client, namespace, resource, signal);
          if (remainder !== undefined) remainders.push(remainder);
        } catch (error) {
          signal.throwIfAborted();
          // A resource that has gone since it was discovered has nothing left.
          if (!isReason(error, 'NotFound') && !isReason(error, 'MethodNotAllowed'))
            deletionErrors.push(errorLine(resource.type, error));
        }
      }
      if (remainders.length + deletionErrors.length > 0) break;
    }
    return { discoveryErrors, deletionErrors, remainders, now };
  }
}

/** Deletes all objects of a resource; answers what is still there afterwards, for finalizers or for graceful deletion. */
async function deleteResource(
  client: Client,
  namespace: string,
  { type, verbs }: DeletableResource,
  signal: AbortSignal,
): Promise<Remainder | undefined> {
  if (!verbs.includes('list')) {
    if (verbs.includes('deletecollection')) await client.deleteCollection(type, { namespace, signal });
    return undefined;
  }
  if ((await client.list(type, { namespace, limit: 1, signal })).items.length === 0) return undefined;
  const options = { propagationPolicy: 'Background', signal } as const;
  if (verbs.includes('deletecollection')) await client.deleteCollection(type, { namespace, ...options });
  else {
    for await (const object of objectsOf(client, type, namespace, signal)) {
      await client.delete(type, objectKey(object), options).catch((error) => {
        if (!isReason(error, 'NotFound')) throw error;
      });
    }
  }
  return await countRemaining(client, type, namespace, signal);
}

async function countRemaining(
  client: Client,
  type: ResourceType,
  namespace: string,
  signal: AbortSignal,
): Promise<Remainder | undefined> {
  const finalizers = new Map<string, number>();
  let instances = 0;
  for await (const object of objectsOf(client, type, namespace, signal)) {
    instances += 1;
    for (const name of object.metadata.finalizers ?? []) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
  }
  return instances === 0 ? undefined : { type, instances, finalizers };
}

async function* objectsOf(
  client: Client,
  type: ResourceType,
  namespace: string,
  signal: AbortSignal,
): AsyncIterable<KubeObject> {
  let next: string | undefined;
  do {
    const page = await client.list(type, { namespace, limit: pageSize, continue: next, signal });
    yield* page.items;
    next = page.metadata.continue === '' ? undefined : page.metadata.continue;
  } while (next !== undefined);
}
