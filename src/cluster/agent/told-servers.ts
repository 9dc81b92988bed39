import type { InformerFactory } from '../../client/informer.ts';
import type { Logger } from '../../machinery/log.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import type { HttpRequest, HttpResponse } from '../../wire/http.ts';
import { clusterFactsKey, parseClusterFacts } from '../control-plane/cluster-facts.ts';

/** Where an agent tells other nodes of its cluster under which URLs it knows the API, as JSON. */
export const serversPath = '/stuurman/servers';

/** Under which URLs the API is reached, as the cluster tells its nodes. */
export class ToldServers {
  readonly #logger: Logger;
  #servers: readonly string[] = [];
  #onChange: ((servers: readonly string[]) => void) | undefined;

  constructor(informers: InformerFactory, logger: Logger) {
    this.#logger = logger;
    const { namespace, name } = clusterFactsKey;
    const facts = informers.informer(configMaps, { namespace, fieldSelector: `metadata.name=${name}` });
    const read = (found: ConfigMap) => this.#read(found);
    facts.addHandler({ added: read, updated: read });
  }

  /** Calls back now, where the cluster has told already, and with each change. */
  follow(onChange: (servers: readonly string[]) => void): void {
    this.#onChange = onChange;
    if (this.#servers.length > 0) onChange(this.#servers);
  }

  /** The answer to a request of another node; undefined for any other request. */
  answer({ path }: HttpRequest): HttpResponse | undefined {
    if (path !== serversPath) return undefined;
    const body = Buffer.from(JSON.stringify({ servers: this.#servers }));
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }

  #read(found: ConfigMap): void {
    try {
      this.#servers = parseClusterFacts(found).servers;
      this.#onChange?.(this.#servers);
    } catch (err) {
      this.#logger.warn('where the API is reached was not taken up', { err });
    }
  }
}
