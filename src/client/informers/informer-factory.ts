import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { type BackOffOptions, watchBackOff } from '../back-off.ts';
import type { Reader, Watcher } from '../client.ts';
import type { Informer, InformerFactory, InformerOptions } from '../informer.ts';
import { SharedInformer } from './shared-informer.ts';

export interface InformerFactoryOptions {
  readonly client: Reader & Watcher;
  readonly environment: Environment;
  readonly logger: Logger;
  /** Take first states from watches instead of lists: less memory at the server, worth it across a network. */
  readonly streamInitialState?: boolean | undefined;
  /** How long to wait after failures; absent: as Kubernetes' own clients do. */
  readonly backOff?: BackOffOptions | undefined;
}

interface Entry {
  readonly projection: unknown;
  // The type of its objects is that of the resource under whose key it is kept.
  readonly informer: SharedInformer<KubeObject>;
}

/**
 * An informer begins when it is first asked for. It is shared by all who ask for the same resource with equal selectors and the same
 * projection function; their indexes are added together.
 */
export function createInformerFactory(options: InformerFactoryOptions): InformerFactory {
  const entries = new Map<string, Entry[]>();
  /** Informers that were released and have not quite ended. */
  const ending = new Set<Promise<void>>();
  let stopped = false;

  const informer = <T extends KubeObject>(type: ResourceType<T>, wanted: InformerOptions<T> = {}): Informer<T> => {
    if (stopped) throw new Error(`an informer of ${type.resource} was asked for after the factory was stopped`);
    const { namespace, labelSelector, fieldSelector, projection, indexes } = wanted;
    const key = JSON.stringify([type.group, type.version, type.resource, namespace, labelSelector, fieldSelector]);
    const candidates = entries.get(key) ?? [];
    const existing = candidates.find((entry) => entry.projection === projection);
    if (existing !== undefined) {
      const shared = existing.informer as unknown as SharedInformer<T>;
      if (indexes !== undefined) shared.addIndexes(indexes);
      return shared;
    }
    const { client, environment, logger, streamInitialState = false, backOff = watchBackOff } = options;
    const made = new SharedInformer<T>({ ...wanted, client, environment, logger, type, streamInitialState, backOff });
    entries.set(key, [...candidates, { projection, informer: made as unknown as SharedInformer<KubeObject> }]);
    return made;
  };

  const all = () => [...entries.values()].flat().map((entry) => entry.informer);
  return {
    informer,
    release(released) {
      for (const [key, candidates] of entries) {
        const entry = candidates.find((each) => each.informer === (released as unknown));
        if (entry === undefined) continue;
        entries.set(
          key,
          candidates.filter((each) => each !== entry),
        );
        const ended = entry.informer.stop().finally(() => ending.delete(ended));
        ending.add(ended);
      }
    },
    async synced(signal) {
      await Promise.all(all().map((each) => each.synced(signal)));
    },
    async stop() {
      stopped = true;
      await Promise.all([...all().map((each) => each.stop()), ...ending]);
    },
  };
}
