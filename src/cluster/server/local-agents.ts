import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { addressAt, parseRange } from '../../network/ipv4.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import type { AgentSettings } from '../agent/agent-settings.ts';
import type { ClusterIdentity } from '../files/cluster-identity.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { kubeconfigText } from '../files/kubeconfig-text.ts';
import type { PkiFiles } from '../files/pki-files.ts';
import { AgentKeeper, endOtherAgents } from './agent-keeper.ts';
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
  /** The machine's address, and the port of the API on all its addresses. */
  readonly address: string;
  readonly port: number;
  /** The largest packet of the machine's way out. */
  readonly mtu: number;
  readonly dnsPort: number;
  /** Runs an agent when a settings file is put behind it. */
  readonly agentCommand: readonly string[];
}

const nodeApiPort = 10250;
const dnsOffset = 10;

/** The nodes of the server's machine: their networks, and their agents, each a process that outlives this one. */
export class LocalAgents {
  readonly #options: LocalAgentsOptions;
  #keepers: readonly AgentKeeper[] = [];

  constructor(options: LocalAgentsOptions) {
    this.#options = options;
  }

  /** Adopts the agents that run, and starts the others. */
  async start(): Promise<void> {
    const { environment, directory, logger, identity, places, mtu, agentCommand } = this.#options;
    const host = await LinuxHost.open({ environment, dataDirectory: directory.path, ledgerFile: directory.ledgerFile });
    const networks = new NodeNetworks(host, identity.id, identity.podRange);
    await endOtherAgents(
      host,
      environment,
      places.map(({ name }) => name),
    );
    await networks.ensure(
      places.flatMap(({ network }) => (network === undefined ? [] : [network])),
      mtu,
    );
    this.#keepers = places.map((place) => {
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
    });
    await Promise.all(this.#keepers.map((keeper) => keeper.start()));
  }

  /** The machine is reached by another address: the node in its network shows it in its certificate. Its agent follows the file. */
  async moveTo(address: string): Promise<void> {
    for (const place of this.#options.places) this.#servingCertificate(place, address);
  }

  /** No longer starts agents again; they run on. */
  async release(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.release()));
  }

  /** Ends the agents; containers run on. */
  async end(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.end()));
  }

  #settings(place: NodePlace): AgentSettings {
    const { directory, identity, pki, port, dnsPort, places } = this.#options;
    const { id, podRange, serviceRange, domain } = identity;
    const { name, network } = place;
    const client = pki.leaf(`${place.certificates}-client`, {
      commonName: `system:node:${name}`,
      organizations: ['system:nodes'],
      usages: ['clientAuth'],
    });
    this.#servingCertificate(place, this.#options.address);
    const kubeconfig = join(place.directory, 'agent.kubeconfig');
    const server = `https://${network?.gateway ?? '127.0.0.1'}:${port}`;
    directory.write(kubeconfig, kubeconfigText(server, pki.authorityPem, client));
    return {
      clusterId: id,
      nodeName: name,
      kubeconfig,
      podRange,
      serviceRange,
      domain,
      dnsAddress: addressAt(parseRange(serviceRange), dnsOffset),
      dnsPort,
      authority: join(directory.pki, 'ca.crt'),
      certificate: join(directory.pki, `${place.certificates}-server.crt`),
      key: join(directory.pki, `${place.certificates}-server.key`),
      port: nodeApiPort,
      directory: place.directory,
      runDirectory: place.runDirectory,
      cgroupRoot: place.cgroupRoot,
      volumeDirectory: join(directory.path, 'volumes'),
      resolvConf: '/etc/resolv.conf',
      ...(network === undefined ? {} : { behindNode: places.find(({ index }) => index === 1)?.name }),
      version,
    };
  }

  #servingCertificate({ certificates, name, network }: NodePlace, machineAddress: string): void {
    this.#options.pki.leaf(`${certificates}-server`, {
      commonName: `system:node:${name}`,
      organizations: ['system:nodes'],
      usages: ['serverAuth'],
      dnsNames: [name, 'localhost'],
      ipAddresses: [network?.address ?? machineAddress, '127.0.0.1'],
    });
  }
}
