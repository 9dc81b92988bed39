import { followingBackOff } from '../client/back-off.ts';
import type { Client } from '../client/client.ts';
import { SharedInformer } from '../client/informers/shared-informer.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import type { Logger } from '../machinery/log.ts';
import type { KubeObject } from '../machinery/object.ts';
import type { ResourceType } from '../machinery/resource-type.ts';
import { isReason } from '../machinery/status-error.ts';
import type { ClusterTrustBundle } from '../resources/schema/certificates-v1.generated.ts';
import type { ConfigMap, Secret } from '../resources/schema/core-v1.generated.ts';
import { clusterTrustBundles, configMaps, secrets } from '../resources/schema/resource-types.generated.ts';
import type { ReferencedObjects } from './pods/environment-variables.ts';
import type { Reference } from './pods/references.ts';

const types: Readonly<Record<Reference['kind'], ResourceType>> = {
  ConfigMap: configMaps,
  Secret: secrets,
  ClusterTrustBundle: clusterTrustBundles,
};

export interface FollowedObjectsOptions {
  readonly client: Client;
  readonly environment: Environment;
  readonly logger: Logger;
}

interface Followed {
  readonly informer: SharedInformer<KubeObject>;
  readonly callbacks: Set<() => void>;
}

/**
 * What pods of one node refer to, followed by watches of their own while a pod does. Of config maps and secrets a node may see no
 * others.
 */
export class FollowedObjects implements ReferencedObjects {
  readonly #options: FollowedObjectsOptions;
  readonly #followed = new Map<string, Followed>();

  constructor(options: FollowedObjectsOptions) {
    this.#options = options;
  }

  configMap(namespace: string, name: string): Promise<ConfigMap | undefined> {
    return this.#get(configMaps, 'ConfigMap', namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret | undefined> {
    return this.#get(secrets, 'Secret', namespace, name);
  }

  async trustBundles(): Promise<readonly ClusterTrustBundle[]> {
    const informer = this.#followed.get('ClusterTrustBundle//*')?.informer;
    if (informer?.hasSynced === true) return [...informer.list()] as unknown as readonly ClusterTrustBundle[];
    return (await this.#options.client.list(clusterTrustBundles, {})).items;
  }

  follow(namespace: string, { kind, name }: Reference, changed: () => void): () => void {
    const key = types[kind].namespaced ? `${kind}/${namespace}/${name}` : `${kind}//${name}`;
    const followed = this.#followed.get(key) ?? this.#start(key, kind, namespace, name);
    followed.callbacks.add(changed);
    return () => {
      followed.callbacks.delete(changed);
      if (followed.callbacks.size > 0 || this.#followed.get(key) !== followed) return;
      this.#followed.delete(key);
      void followed.informer.stop();
    };
  }

  async stop(): Promise<void> {
    const all = [...this.#followed.values()];
    this.#followed.clear();
    await Promise.all(all.map(({ informer }) => informer.stop()));
  }

  #start(key: string, kind: Reference['kind'], namespace: string, name: string): Followed {
    const type: ResourceType = types[kind];
    const scope = type.namespaced ? { namespace, fieldSelector: `metadata.name=${name}` } : {};
    const informer = new SharedInformer({
      ...this.#options,
      type,
      ...scope,
      streamInitialState: false,
      backOff: followingBackOff,
    });
    const callbacks = new Set<() => void>();
    const tell = () => {
      for (const callback of callbacks) callback();
    };
    informer.addHandler({ added: tell, updated: tell, deleted: tell });
    const followed = { informer, callbacks };
    this.#followed.set(key, followed);
    return followed;
  }

  async #get<T extends KubeObject>(
    type: ResourceType<T>,
    kind: Reference['kind'],
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const informer = this.#followed.get(`${kind}/${namespace}/${name}`)?.informer;
    if (informer?.hasSynced === true) return informer.get(name, namespace) as T | undefined;
    try {
      return await this.#options.client.get(type, { namespace, name });
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
