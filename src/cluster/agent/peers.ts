import { join } from 'node:path';
import type { Informer, InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Files } from '../../node/host/host.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { HttpTarget } from '../../wire/http.ts';
import { readHttpText } from '../../wire/http-body.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { HttpClient } from '../../wire/http-client.ts';
import { serverUrl } from '../join/server-url.ts';
import { serversPath } from './told-servers.ts';

export interface PeersOptions {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly informers: InformerFactory;
  readonly files: Files;
  /** Where they are written down: an agent may start while the API is away. */
  readonly directory: string;
  readonly nodeName: string;
  /** By which this node proves to the API what it is: others know it by the same. */
  readonly tls: () => ClientTls;
}

/** How many are asked: those of the server's machine are among them, and know. */
const mostPeers = 16;
const writeDelayMs = 1_000;
const patienceMs = 3_000;
const maximumBytes = 64 * 1024;

/** The other nodes of the cluster, who may know where the API is when this one does not. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #nodes: Informer<Node>;
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;
  #written = '';

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#nodes = options.informers.informer(nodes, { projection: reachableParts });
    const changed = () => {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    };
    this.#nodes.addHandler({ added: changed, updated: changed, deleted: changed });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the agent was stopped', 'AbortError'));
    await this.#writing;
  }

  /** Under which URLs the API is reached by what the others say. `likely`: hosts where it has been; nodes there are asked first. */
  async ask(likely: readonly string[]): Promise<readonly string[]> {
    const known = this.#known();
    const peers = known.length > 0 ? known : await this.#read();
    const hosts = new Set(likely.map((url) => URL.parse(url)?.hostname));
    const [near, far] = [true, false].map((isNear) =>
      peers.filter((peer) => hosts.has(URL.parse(peer)?.hostname) === isNear),
    );
    const asked = [...(near ?? []), ...(far ?? [])].slice(0, mostPeers);
    return [...new Set((await Promise.all(asked.map((peer) => this.#askOne(peer)))).flat())];
  }

  async #askOne(url: string): Promise<readonly string[]> {
    const { environment, tls, logger } = this.#options;
    const peer = new HttpClient({ environment, url, tls: { ...tls(), serverName: undefined } });
    const deadline = environment.deadline(patienceMs, this.#stop.signal);
    try {
      return await serversOf(peer, deadline.signal);
    } catch (err) {
      logger.debug('another node does not say where the API is', { peer: url, err });
      return [];
    } finally {
      deadline.cancel();
      peer.close();
    }
  }

  /** The URLs of the other nodes' agents. */
  #known(): readonly string[] {
    return [...this.#nodes.list()].flatMap(({ metadata, status }) => {
      const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
      if (metadata.name === this.#options.nodeName || address === undefined || port === undefined) return [];
      return [`https://${address.includes(':') ? `[${address}]` : address}:${port}`];
    });
  }

  get #file(): string {
    return join(this.#options.directory, 'peers.json');
  }

  async #read(): Promise<readonly string[]> {
    try {
      const text = Buffer.from(await this.#options.files.read(this.#file)).toString('utf8');
      return (JSON.parse(text) as readonly string[]).map(serverUrl);
    } catch {
      return [];
    }
  }

  async #write(): Promise<void> {
    const { environment, files, logger } = this.#options;
    await environment.sleep(writeDelayMs, this.#stop.signal).catch(() => {});
    const text = `${JSON.stringify(this.#known().toSorted())}\n`;
    if (text === this.#written || this.#stop.signal.aborted) return;
    try {
      await files.write(this.#file, text, 0o600);
      this.#written = text;
    } catch (err) {
      logger.warn('the other nodes were not written down', { err });
    }
  }
}

/** Throws when an answer is none. */
async function serversOf(peer: HttpTarget, signal: AbortSignal): Promise<readonly string[]> {
  const { status, body } = await peer.fetch({ method: 'GET', path: serversPath, headers: {}, signal });
  const text = await readHttpText(body, maximumBytes);
  if (status !== 200) throw new Error(`status ${status}: ${text.slice(0, 100)}`);
  const { servers } = JSON.parse(text) as { readonly servers: readonly string[] };
  return servers.map(serverUrl);
}

function reachableParts({ metadata: { name, resourceVersion, uid }, status }: Node): Node {
  return {
    metadata: { name, resourceVersion, uid },
    status: { addresses: status?.addresses, daemonEndpoints: status?.daemonEndpoints },
  };
}
