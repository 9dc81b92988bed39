import type { Client } from '../client/client.ts';
import type { Informer, InformerFactory, InformerHandler } from '../client/informer.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { ClusterTrustBundle } from '../resources/schema/certificates-v1.generated.ts';
import type { Node, Pod, Service } from '../resources/schema/core-v1.generated.ts';
import {
  clusterTrustBundles,
  configMaps,
  nodes,
  pods,
  secrets,
  services,
} from '../resources/schema/resource-types.generated.ts';
import { FollowedObjects } from './followed-objects.ts';
import type { ReferencedObjects } from './pods/environment-variables.ts';
import type { Reference } from './pods/references.ts';

/** Where an agent learns what is asked of its node. */
export interface AgentSources {
  readonly objects: ReferencedObjects;
  /** The node as the API had it a moment ago; undefined while it is not known, or there is none. */
  node(name: string): Node | undefined;
  services(): Iterable<Service>;
  /** Tells of the pods of a node, those that are there first. Returns how to stop it. */
  watchPods(nodeName: string, handler: InformerHandler<Pod>): () => void;
  /** Resolves when the pods and services that were there have been told. */
  synced(signal?: AbortSignal): Promise<void>;
  /** Gives up what was made for this agent; informers of a factory end with it. */
  stop(): Promise<void>;
}

export interface OwnSourcesOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly nodeName: string;
}

/** For a node of its own: it follows its own pods and what they refer to, as the node authoriser allows. */
export function ownSources(options: OwnSourcesOptions): AgentSources {
  const { informers, nodeName } = options;
  const podInformer = informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  const serviceInformer = informers.informer(services);
  const nodeInformer = informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` });
  const objects = new FollowedObjects(options);
  return {
    objects,
    node: (name) => nodeInformer.get(name),
    services: () => serviceInformer.list(),
    watchPods: (_nodeName, handler) => podInformer.addHandler(handler),
    synced: async (signal) => {
      await Promise.all([podInformer.synced(signal), serviceInformer.synced(signal)]);
    },
    stop: () => objects.stop(),
  };
}

const byNode = 'spec.nodeName';

/** For many nodes of one process: one informer of each resource, and each object's news only to those whom it concerns. */
export function sharedSources(informers: InformerFactory): AgentSources {
  const podInformer = informers.informer(pods, {
    indexes: { [byNode]: (pod) => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName]) },
  });
  const configMapInformer = informers.informer(configMaps);
  const secretInformer = informers.informer(secrets);
  const serviceInformer = informers.informer(services);
  const nodeInformer = informers.informer(nodes);
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
  const followers = new Followers();
  followers.listenTo(configMapInformer, 'ConfigMap');
  followers.listenTo(secretInformer, 'Secret');
  // Few clusters have pods that ask for them.
  let bundleInformer: Informer<ClusterTrustBundle> | undefined;
  const bundles = () => {
    if (bundleInformer === undefined) {
      bundleInformer = informers.informer(clusterTrustBundles);
      followers.listenTo(bundleInformer, 'ClusterTrustBundle');
    }
    return bundleInformer;
  };
  return {
    objects: {
      configMap: async (namespace, name) => configMapInformer.get(name, namespace),
      secret: async (namespace, name) => secretInformer.get(name, namespace),
      trustBundles: async () => {
        const informer = bundles();
        await informer.synced();
        return [...informer.list()];
      },
      follow: (namespace, reference, changed) => followers.add(namespace, reference, changed),
    },
    node: (name) => nodeInformer.get(name),
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
    stop: async () => {},
  };
}

/** Who wants to know of changes of an object. */
class Followers {
  readonly #callbacks = new Map<string, Set<() => void>>();

  add(namespace: string, { kind, name }: Reference, changed: () => void): () => void {
    const key = kind === 'ClusterTrustBundle' ? kind : `${kind}/${namespace}/${name}`;
    const callbacks = this.#callbacks.get(key) ?? new Set();
    this.#callbacks.set(key, callbacks.add(changed));
    return () => {
      callbacks.delete(changed);
      if (callbacks.size === 0) this.#callbacks.delete(key);
    };
  }

  listenTo<T extends KubeObject>(informer: Informer<T>, kind: Reference['kind']): void {
    const tell = ({ metadata }: T) => {
      const key = kind === 'ClusterTrustBundle' ? kind : `${kind}/${metadata.namespace}/${metadata.name}`;
      for (const callback of this.#callbacks.get(key) ?? []) callback();
    };
    informer.addHandler({ added: tell, updated: tell, deleted: tell });
  }
}
