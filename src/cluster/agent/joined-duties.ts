import { spawn } from 'node:child_process';
import type { Client } from '../../client/client.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { IdentityFiles } from '../../node/certificates/identity-files.ts';
import { NodeCertificates } from '../../node/certificates/node-certificates.ts';
import type { ConfigMap, Node } from '../../resources/schema/core-v1.generated.ts';
import { configMaps, nodes } from '../../resources/schema/resource-types.generated.ts';
import { clusterFactsKey, parseClusterFacts } from '../control-plane/cluster-facts.ts';
import { leaveAnnotation } from '../nodes/remove-node.ts';

export interface JoinedDutiesOptions {
  readonly environment: Environment;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly logger: Logger;
  readonly identity: IdentityFiles;
  readonly nodeName: string;
  /** The certificate of the node's own API is another one. */
  readonly onServing: () => void;
  /** URLs as they were given when the machine joined: a name among them may lead elsewhere one day. */
  readonly servers: readonly string[];
  /** Takes the node down, this process included. */
  readonly leaveCommand: readonly string[];
}

/** More addresses of one server are not remembered. */
const mostServers = 32;

/**
 * What the agent of a node does whose server is on another machine: it renews its certificates, follows where the API is, and goes when it is
 * asked to.
 */
export class JoinedDuties {
  readonly #options: JoinedDutiesOptions;
  readonly #own: Informer<Node>;
  readonly #certificates: NodeCertificates;
  #detach: readonly (() => void)[] = [];
  #isLeaving = false;

  constructor(options: JoinedDutiesOptions) {
    this.#options = options;
    this.#own = options.informers.informer(nodes, { fieldSelector: `metadata.name=${options.nodeName}` });
    this.#certificates = new NodeCertificates({ ...options, node: this.#own });
  }

  async start(): Promise<void> {
    const { informers } = this.#options;
    await this.#certificates.start();
    const { namespace, name } = clusterFactsKey;
    const facts: Informer<ConfigMap> = informers.informer(configMaps, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    const follow = (found: ConfigMap) => void this.#follow(found);
    const look = (node: Node) => void this.#look(node);
    this.#detach = [
      facts.addHandler({ added: follow, updated: follow }),
      this.#own.addHandler({ added: look, updated: look }),
    ];
  }

  async stop(): Promise<void> {
    for (const detach of this.#detach) detach();
    await this.#certificates.stop();
  }

  /** The kubeconfig names all addresses; whoever uses it reads it again. */
  async #follow(found: ConfigMap): Promise<void> {
    const { identity, servers, logger } = this.#options;
    try {
      const told = parseClusterFacts(found).servers;
      const known = [...new Set([...told, ...servers])].slice(0, mostServers);
      const authority = await identity.readAuthority();
      if (authority !== undefined) await identity.writeCluster(known, authority);
      logger.info('the API is reached under these addresses', { servers: known });
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
