import { spawn } from 'node:child_process';
import type { Client } from '../../client/client.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';
import { knownServers } from '../../client/kubeconfig/known-servers.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { IdentityFiles } from '../../node/certificates/identity-files.ts';
import { NodeCertificates } from '../../node/certificates/node-certificates.ts';
import type { Files } from '../../node/host/host.ts';
import type { Node } from '../../resources/schema/core-v1.generated.ts';
import { nodes } from '../../resources/schema/resource-types.generated.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { DataDirectory } from '../files/data-directory.ts';
import { readJoined } from '../join/joined-file.ts';
import { leaveAnnotation } from '../nodes/remove-node.ts';
import { Peers } from './peers.ts';
import type { ToldServers } from './told-servers.ts';

export interface JoinedDutiesOptions {
  readonly environment: Environment;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly logger: Logger;
  readonly identity: IdentityFiles;
  readonly nodeName: string;
  /** The certificate of the node's own API is another one. */
  readonly onServing: () => void;
  readonly told: ToldServers;
  readonly files: Files;
  /** By which the node proves to the API what it is. */
  readonly tls: () => ClientTls;
  /** Of the machine, where it is written how the API was given when it joined: a name may lead elsewhere one day. */
  readonly dataDirectory: string;
  /** Takes the node down, this process included. */
  readonly leaveCommand: readonly string[];
}

/** More addresses of one server are not remembered. */
const mostServers = 32;
/** How soon the others are asked again while the API is away. */
const askAgainMs = 1_000;

/**
 * What the agent of a node does whose server is on another machine: it renews its certificates, follows where the API is, and goes when it is
 * asked to.
 */
export class JoinedDuties {
  readonly #options: JoinedDutiesOptions;
  readonly #own: Informer<Node>;
  readonly #certificates: NodeCertificates;
  readonly #peers: Peers;
  #detach: () => void = () => {};
  #isLeaving = false;
  #asking: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(options: JoinedDutiesOptions) {
    this.#options = options;
    this.#own = options.informers.informer(nodes, { fieldSelector: `metadata.name=${options.nodeName}` });
    this.#certificates = new NodeCertificates({ ...options, node: this.#own });
    this.#peers = new Peers({ ...options, directory: options.identity.directory });
  }

  async start(): Promise<void> {
    await this.#certificates.start();
    this.#options.told.follow((servers) => void this.#takeUp(servers));
    const look = (node: Node) => void this.#look(node);
    this.#detach = this.#own.addHandler({ added: look, updated: look });
  }

  /** The API does not answer under any address that is known: other nodes may know of one, and are asked now and then. */
  apiIsLost(): void {
    this.#asking ??= this.#askPeers().finally(() => {
      this.#asking = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the agent was stopped', 'AbortError'));
    this.#detach();
    await this.#peers.stop();
    await this.#asking;
    await this.#certificates.stop();
  }

  async #askPeers(): Promise<void> {
    const { environment, identity, logger } = this.#options;
    try {
      const known = knownServers(environment, identity.kubeconfig)();
      const others = (await this.#peers.ask(known)).filter((url) => !known.includes(url));
      if (others.length > 0) await this.#takeUp([...others, ...known]);
    } catch (err) {
      logger.warn('other nodes could not be asked where the API is', { err });
    }
    await environment.sleep(askAgainMs, this.#stop.signal).catch(() => {});
  }

  /** The kubeconfig names all addresses; whoever uses it reads it again. */
  async #takeUp(found: readonly string[]): Promise<void> {
    const { identity, dataDirectory, logger } = this.#options;
    try {
      const given = readJoined(new DataDirectory(dataDirectory))?.servers ?? [];
      const servers = [...new Set([...found, ...given])].slice(0, mostServers);
      const authority = await identity.readAuthority();
      if (authority !== undefined) await identity.writeCluster(servers, authority);
      logger.info('the API is reached under these addresses', { servers });
    } catch (err) {
      logger.warn('where the API is reached was not taken up', { err });
    }
  }

  async #look({ metadata }: Node): Promise<void> {
    const { client, nodeName, logger, leaveCommand } = this.#options;
    if (metadata.annotations?.[leaveAnnotation] !== 'asked' || this.#isLeaving) return;
    this.#isLeaving = true;
    try {
      const body = { metadata: { annotations: { [leaveAnnotation]: 'begun' } } };
      await client.patch(nodes, { name: nodeName }, { type: 'merge', body });
      logger.info('the node was removed from the cluster, and is taken down');
      const [program = '', ...args] = leaveCommand;
      spawn(program, args, { detached: true, stdio: 'ignore' }).unref();
    } catch (err) {
      this.#isLeaving = false;
      logger.warn('the node is asked to leave, and could not begin to', { err });
    }
  }
}
