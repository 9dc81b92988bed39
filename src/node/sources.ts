import type { Client } from '../client/client.ts';
import type { Informer, InformerFactory, InformerHandler } from '../client/informer.ts';
import { isReason } from '../machinery/status-error.ts';
import type { ConfigMap, Pod, Secret, Service } from '../resources/schema/core-v1.generated.ts';
import { configMaps, pods, secrets, services } from '../resources/schema/resource-types.generated.ts';
import type { ReferencedObjects } from './pods/environment-variables.ts';

/** Where an agent learns what is asked of its node. */
export interface AgentSources {
  readonly objects: ReferencedObjects;
  services(): Iterable<Service>;
  /** Tells of the pods of a node, those that are there first. Returns how to stop it. */
  watchPods(nodeName: string, handler: InformerHandler<Pod>): () => void;
  /** Resolves when the pods and services that were there have been told. */
  synced(signal?: AbortSignal): Promise<void>;
}

/** For a node of its own: it follows its own pods only, and reads what they refer to one by one, as the node authoriser allows. */
export function ownSources(client: Client, informers: InformerFactory, nodeName: string): AgentSources {
  const podInformer = informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  const serviceInformer = informers.informer(services);
  const orUndefined = <T>(found: Promise<T>) =>
    found.catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    });
  return {
    objects: {
      configMap: (namespace, name) => orUndefined(client.get(configMaps, { namespace, name })),
      secret: (namespace, name) => orUndefined(client.get(secrets, { namespace, name })),
    },
    services: () => serviceInformer.list(),
    watchPods: (_nodeName, handler) => podInformer.addHandler(handler),
    synced: async (signal) => {
      await Promise.all([podInformer.synced(signal), serviceInformer.synced(signal)]);
    },
  };
}

const byNode = 'spec.nodeName';

/** For many nodes of one process: one informer of each resource, and each pod's news to its own node alone. */
export function sharedSources(informers: InformerFactory): AgentSources {
  const podInformer = informers.informer(pods, {
    indexes: { [byNode]: (pod) => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName]) },
  });
  const configMapInformer: Informer<ConfigMap> = informers.informer(configMaps);
  const secretInformer: Informer<Secret> = informers.informer(secrets);
  const serviceInformer = informers.informer(services);
  const handlers = new Map<string, InformerHandler<Pod>>();
  const handlerOf = (pod: Pod) => handlers.get(pod.spec?.nodeName ?? '');
  podInformer.addHandler({
    added: (pod) => handlerOf(pod)?.added?.(pod),
    updated: (pod, old) => {
      const handler = handlerOf(pod);
      // Until it is bound a pod is no news to its node.
      if (old.spec?.nodeName === pod.spec?.nodeName) handler?.updated?.(pod, old);
      else handler?.added?.(pod);
    },
    deleted: (pod) => handlerOf(pod)?.deleted?.(pod),
  });
  return {
    objects: {
      configMap: async (namespace, name) => configMapInformer.get(name, namespace),
      secret: async (namespace, name) => secretInformer.get(name, namespace),
    },
    services: () => serviceInformer.list(),
    watchPods: (nodeName, handler) => {
      handlers.set(nodeName, handler);
      for (const pod of podInformer.byIndex(byNode, nodeName)) handler.added?.(pod);
      return () => {
        if (handlers.get(nodeName) === handler) handlers.delete(nodeName);
      };
    },
    synced: async (signal) => {
      const all = [podInformer, serviceInformer, configMapInformer, secretInformer];
      await Promise.all(all.map((informer) => informer.synced(signal)));
    },
  };
}
