import type { Client, WatchEvent, WatchOptions } from '../../client/client.ts';
import type { KubeObject } from '../../machinery/object.ts';
import type { ResourceType } from '../../machinery/resource-type.ts';

/**
 * A client for parts that are made before the server that they are part of: authorisers and admission read the API through the very
 * server that asks them. Calls wait until there is a client.
 */
export class LateClient implements Client {
  readonly #ready: Promise<Client>;
  readonly set: (client: Client) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Client>();
    this.#ready = promise;
    this.set = resolve;
  }

  readonly http: Client['http'] = {
    fetch: async (request) => (await this.#ready).http.fetch(request),
    upgrade: async (request) => (await this.#ready).http.upgrade(request),
  };

  readonly get: Client['get'] = async (...args) => (await this.#ready).get(...args);
  readonly list: Client['list'] = async (...args) => (await this.#ready).list(...args);
  readonly create: Client['create'] = async (...args) => (await this.#ready).create(...args);
  readonly update: Client['update'] = async (...args) => (await this.#ready).update(...args);
  readonly patch: Client['patch'] = async (...args) => (await this.#ready).patch(...args);
  readonly delete: Client['delete'] = async (...args) => (await this.#ready).delete(...args);
  readonly deleteCollection: Client['deleteCollection'] = async (...args) =>
    (await this.#ready).deleteCollection(...args);
  readonly createSubresource: Client['createSubresource'] = async (type, key, subresource, body, options) =>
    (await this.#ready).createSubresource(type, key, subresource, body, options);

  readonly watch: Client['watch'] = (type, options) => this.#watch(type, options);

  async *#watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions | undefined,
  ): AsyncGenerator<WatchEvent<T>> {
    yield* (await this.#ready).watch(type, options);
  }
}
