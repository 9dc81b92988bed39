import type { Reader } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';
import { isReason } from '../../machinery/status-error.ts';
import { parseTime } from '../../machinery/time.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../resources/schema/resource-types.generated.ts';

/** What is left of an object that a token is bound to. */
export interface BoundObject {
  readonly uid: string;
  /** Milliseconds since 1970; undefined unless it is being deleted. */
  readonly deletionMs: number | undefined;
}

export interface BoundObjectSources {
  readonly serviceAccounts: Informer<KubeObject>;
  readonly pods: Informer<KubeObject>;
  readonly nodes: Informer<KubeObject>;
  /** Asked when an informer does not have the object, for it may be behind; and always for secrets. */
  readonly reader: Reader;
}

/** Looks up the objects that tokens are bound to: in memory where it can, and at the source before saying no. */
export class BoundObjects {
  readonly #sources: BoundObjectSources;

  constructor(sources: BoundObjectSources) {
    this.#sources = sources;
  }

  serviceAccount(namespace: string, name: string, uid: string): Promise<BoundObject | undefined> {
    return this.#find(serviceAccounts, this.#sources.serviceAccounts, namespace, name, uid);
  }

  pod(namespace: string, name: string, uid: string): Promise<BoundObject | undefined> {
    return this.#find(pods, this.#sources.pods, namespace, name, uid);
  }

  node(name: string, uid: string): Promise<BoundObject | undefined> {
    return this.#find(nodes, this.#sources.nodes, undefined, name, uid);
  }

  secret(namespace: string, name: string, uid: string): Promise<BoundObject | undefined> {
    return this.#find(secrets, undefined, namespace, name, uid);
  }

  async #find(
    type: ResourceType<KubeObject>,
    informer: Informer<KubeObject> | undefined,
    namespace: string | undefined,
    name: string,
    uid: string,
  ): Promise<BoundObject | undefined> {
    const known = informer?.get(name, namespace);
    if (known !== undefined && known.metadata.uid === uid) return boundObject(known);
    try {
      return boundObject(await this.#sources.reader.get(type, { namespace, name }));
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}

function boundObject({ metadata }: KubeObject): BoundObject {
  const { uid = '', deletionTimestamp } = metadata;
  return { uid, deletionMs: parseTime(deletionTimestamp) };
}
