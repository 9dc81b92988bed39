import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { addressAt, parseRange } from '../../network/ipv4.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import type { NodeLimits } from '../../node/node-limits.ts';
import type { AgentSettings } from '../agent/agent-settings.ts';
import { resolvConfFile } from '../agent/resolv-conf-file.ts';
import type { ClusterIdentity } from '../files/cluster-identity.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { followingKubeconfigText } from '../files/kubeconfig-text.ts';
import { readLocalNodes } from '../files/local-nodes.ts';
import type { PkiFiles } from '../files/pki-files.ts';
import { AgentKeeper, endOtherAgents } from './agent-keeper.ts';
import { startedPlaces } from './local-places.ts';
import { NodeNetworks } from './node-networks.ts';
import type { NodePlace } from './node-place.ts';
import { version } from './version.ts';

export interface LocalAgentsOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
  readonly identity: ClusterIdentity;
  readonly pki: PkiFiles;
  readonly places: readonly NodePlace[];
  /** The machine's addresses, and the port of the API on all of them. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** The largest packet of the machine's way out. */
  readonly mtu: number;
  readonly dnsPort: number;
  readonly limits: NodeLimits;
  /** Runs an agent when a settings file is put behind it. */
  readonly agentCommand: readonly string[];
}

const nodeApiPort = 10250;
const dnsOffset = 10;

/** How often the list of nodes is read: one that was taken off is taken down. */
const lookEveryMs = 1_000;

interface LocalAgent {
  readonly place: NodePlace;
  readonly keeper: AgentKeeper;
}

/** The nodes of the server's machine: their networks, and their agents, each a process that outlives this one. */
export class LocalAgents {
  readonly #options: LocalAgentsOptions;
  #addresses: readonly string[];
  readonly #stop = new AbortController();
  #agents: readonly LocalAgent[] = [];
  #following: Promise<void> | undefined;

  constructor(options: LocalAgentsOptions) {
    this.#options = options;
    this.#addresses = options.addresses;
  }

  /** Adopts the agents that run, and starts the others. What a removal or a crash has left is taken down. */
  async start(): Promise<void> {
    const { environment, directory, identity, places, mtu } = this.#options;
    const host = await LinuxHost.open({ environment, dataDirectory: directory.path, ledgerFile: directory.ledgerFile });
    const networks = new NodeNetworks(host, identity.id, identity.podRange);
    await endOtherAgents(
      host,
      environment,
      places.map(({ name }) => name),
    );
    const left = startedPlaces(directory).filter(({ index }) => !places.some((place) => place.index === index));
    for (const place of left) await this.#takeAway(place, host, networks);
    await networks.ensure(
      places.flatMap(({ network }) => (network === undefined ? [] : [network])),
      mtu,
    );
    this.#agents = places.map((place) => ({ place, keeper: this.#keeper(place, host) }));
    await Promise.all(this.#agents.map(({ keeper }) => keeper.start()));
    this.#following = this.#follow(host, networks);
  }

  /** The machine has other addresses: the node in its network shows them in its certificate. Its agent follows the file. */
  async moveTo(addresses: readonly string[]): Promise<void> {
    this.#addresses = addresses;
    this.renewCertificates();
  }

  /** Renews what must be renewed of the nodes' certificates. */
  renewCertificates(): void {
    for (const { place } of this.#agents) this.#certificates(place);
  }

  /** No longer starts agents again; they run on. */
  async release(): Promise<void> {
    await this.#endFollowing();
    await Promise.all(this.#agents.map(({ keeper }) => keeper.release()));
  }

  /** Ends the agents; containers run on. */
  async end(): Promise<void> {
    await this.#endFollowing();
    await Promise.all(this.#agents.map(({ keeper }) => keeper.end()));
  }

  async #endFollowing(): Promise<void> {
    this.#stop.abort(new DOMException('the server ends', 'AbortError'));
    await this.#following;
  }

  /** Takes down every node that is taken off the list. */
  async #follow(host: LinuxHost, networks: NodeNetworks): Promise<void> {
    const { environment, directory, logger } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await environment.sleep(lookEveryMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        const listed = readLocalNodes(directory)?.nodes ?? [];
        const removed = this.#agents.filter(({ place }) => !listed.some(({ index }) => index === place.index));
        for (const { place, keeper } of removed) {
          await keeper.end();
          await this.#takeAway(place, host, networks);
          this.#agents = this.#agents.filter((agent) => agent.place !== place);
        }
      } catch (err) {
        logger.warn('a node that was removed is still here; that is tried again', { err });
      }
    }
  }

  /** Throws with what could not be taken down. */
  async #takeAway(place: NodePlace, host: LinuxHost, networks: NodeNetworks): Promise<void> {
    const { directory, logger, pki } = this.#options;
    const { takeDownNode } = await import('./take-down-nodes.ts');
    const problems = await takeDownNode(place, host, this.#options);
    if (problems.length > 0) throw new Error(`the node ${place.name} was not taken down: ${problems.join('; ')}`);
    if (place.network !== undefined) await networks.remove(place.network);
    await rm(place.directory, { recursive: true, force: true });
    for (const role of ['client', 'server']) directory.remove(pki.leafFile(`${place.certificates}-${role}`));
    logger.info('a node was taken away', { node: place.name });
  }

  #keeper(place: NodePlace, host: LinuxHost): AgentKeeper {
    const { environment, directory, logger, agentCommand } = this.#options;
    const settings = `${JSON.stringify(this.#settings(place), undefined, 2)}\n`;
    const file = join(place.directory, 'agent.json');
    directory.write(file, settings);
    const enter = place.network === undefined ? [] : ['nsenter', `--net=${place.network.file}`, '--'];
    return new AgentKeeper({
      host,
      environment,
      logger,
      nodeName: place.name,
      edition: createHash('sha256').update(settings).digest('hex').slice(0, 16),
      command: [...enter, ...agentCommand, file],
      logFile: place.logFile,
    });
  }

  #settings(place: NodePlace): AgentSettings {
    const { directory, identity, pki, port, dnsPort, places } = this.#options;
    const { id, podRange, serviceRange, domain } = identity;
    const { name, network } = place;
    const files = this.#certificates(place);
    const kubeconfig = join(place.directory, 'agent.kubeconfig');
    const server = `https://${network?.gateway ?? '127.0.0.1'}:${port}`;
    directory.write(kubeconfig, followingKubeconfigText(server, pki.authorityFile, files.client));
    return {
      clusterId: id,
      nodeName: name,
      kubeconfig,
      podRange,
      serviceRange,
      domain,
      dnsAddress: addressAt(parseRange(serviceRange), dnsOffset),
      dnsPort,
      authority: pki.authorityFile,
      certificate: files.server,
      key: files.server,
      port: nodeApiPort,
      directory: place.directory,
      runDirectory: place.runDirectory,
      cgroupRoot: place.cgroupRoot,
      volumeDirectory: join(directory.path, 'volumes'),
      resolvConf: resolvConfFile(),
      limits: this.#options.limits,
      ...(network === undefined ? {} : { behindNode: places.find(({ index }) => index === 1)?.name }),
      version,
    };
  }

  /** The files with the node's certificates, which are renewed where they have to be. Agents follow them. */
  #certificates({ name, certificates, network }: NodePlace): { readonly client: string; readonly server: string } {
    const { pki } = this.#options;
    const subject = { commonName: `system:node:${name}`, organizations: ['system:nodes'] };
    const [client, server] = [`${certificates}-client`, `${certificates}-server`];
    pki.leaf(client, { ...subject, usages: ['clientAuth'] });
    pki.leaf(server, {
      ...subject,
      usages: ['serverAuth'],
      dnsNames: [name, 'localhost'],
      ipAddresses: [...(network === undefined ? this.#addresses : [network.address]), '127.0.0.1'],
    });
    return { client: pki.leafFile(client), server: pki.leafFile(server) };
  }
}
