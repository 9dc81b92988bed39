import { hostname } from 'node:os';
import { join } from 'node:path';
import { streamingHandlers } from '../../apiserver/streaming/streaming-handlers.ts';
import type { Client } from '../../client/client.ts';
import { ClusterDialer } from '../../client/dialer/cluster-dialer.ts';
import type { Dialer } from '../../client/dialer.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { addressAt, parseRange } from '../../network/ipv4.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import { SqliteStore } from '../../store/sqlite/sqlite-store.ts';
import { HttpServer } from '../../wire/http-server.ts';
import type { AgentSettings } from '../agent/agent-settings.ts';
import { ControlPlane } from '../control-plane/control-plane.ts';
import { adminUser, serverUser } from '../control-plane/users.ts';
import { type ClusterIdentity, ensureIdentity } from '../files/cluster-identity.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { kubeconfigText } from '../files/kubeconfig-text.ts';
import { PkiFiles } from '../files/pki-files.ts';
import { PrometheusMetrics } from '../observability/prometheus-metrics.ts';
import { simulatedDialer } from '../simulated/simulated-dialer.ts';
import { SimulatedNodes } from '../simulated/simulated-nodes.ts';
import { AgentKeeper } from './agent-keeper.ts';
import { machineAddress, nodeNameOfMachine, takenRanges } from './machine.ts';
import { takeDownNode } from './take-down-node.ts';
import { version } from './version.ts';

export interface ServerOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
  readonly port: number;
  readonly podRange?: string | undefined;
  readonly serviceRange?: string | undefined;
  /** Whether this machine becomes a node with real containers. */
  readonly realNode: boolean;
  readonly simulatedNodes: number;
  /** Runs the agent when a settings file is put behind it. */
  readonly agentCommand: readonly string[];
  /** Told what the user should know. */
  readonly notice: (text: string) => void;
}

const dnsPort = 10053;
const nodeApiPort = 10250;
const dnsOffset = 10;
const shutdownGraceMs = 2_000;

/** A cluster's server: everything but the agent, in this process. */
export class Server {
  readonly identity: ClusterIdentity;
  readonly url: string;
  readonly nodeName = nodeNameOfMachine();
  readonly address = machineAddress();
  /** As the administrator, without leaving the process. */
  readonly client: Client;
  readonly #options: ServerOptions;
  readonly #store: SqliteStore;
  readonly #controlPlane: ControlPlane;
  readonly #pki: PkiFiles;
  readonly #simulated: SimulatedNodes;
  readonly #simulatedInformers: ReturnType<typeof createInformerFactory>;
  #http: HttpServer | undefined;
  #keeper: AgentKeeper | undefined;

  /** Throws `DataDirectoryError` and `StoreOpenError`, each with what to do. Nothing is left running then. */
  static async open(options: ServerOptions): Promise<Server> {
    const { directory, environment, podRange, serviceRange, notice } = options;
    directory.create();
    const identity = ensureIdentity(directory, { environment, takenRanges, podRange, serviceRange, notice });
    const store = await SqliteStore.open({ file: directory.stateFile, environment });
    return new Server(options, identity, store, new PkiFiles(directory, environment));
  }

  private constructor(options: ServerOptions, identity: ClusterIdentity, store: SqliteStore, pki: PkiFiles) {
    this.#options = options;
    this.identity = identity;
    this.#store = store;
    this.#pki = pki;
    this.url = `https://127.0.0.1:${options.port}`;
    const { environment, logger, port, directory } = options;
    const metrics = new PrometheusMetrics();
    this.#controlPlane = new ControlPlane({
      environment,
      store,
      logger,
      metrics,
      podRange: identity.podRange,
      serviceRange: identity.serviceRange,
      serviceAccountKey: pki.serviceAccountKey.privateKey,
      authorityPem: pki.authorityPem,
      authority: () => pki.authority,
      joinServers: [`https://${this.address}:${port}`],
      endpoint: { address: this.address, port },
      dnsPort: options.realNode ? dnsPort : undefined,
      volumeDirectory: join(directory.path, 'volumes'),
      serverUrl: this.url,
      connectHandlers: (reader) => streamingHandlers(reader, this.#dialer(reader)),
      renderMetrics: async () => ({
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        text: await metrics.text(),
      }),
    });
    this.client = this.#controlPlane.client(adminUser);
    this.#simulatedInformers = createInformerFactory({
      client: this.#controlPlane.client(serverUser),
      environment,
      logger,
    });
    this.#simulated = new SimulatedNodes({
      clientFor: (user) => this.#controlPlane.client(user),
      informers: this.#simulatedInformers,
      environment,
      logger,
    });
  }

  /** From here on the API answers. Throws `ListenError` for a port in use. */
  async serve(): Promise<void> {
    const { environment, logger, port, directory } = this.#options;
    const { certificatePem, keyPem } = this.#serverCertificate();
    await this.#controlPlane.serve();
    this.#http = await HttpServer.start({
      environment,
      handler: this.#controlPlane.api,
      address: { host: '0.0.0.0', port },
      tls: { certificatePem, keyPem, clientAuthorityPem: this.#pki.authorityPem },
      onError: (err) => logger.warn('a request failed', { err }),
    });
    this.#writeKubeconfig();
    const process_ = {
      pid: process.pid,
      port,
      address: this.address,
      version,
      startedAt: new Date(environment.now()).toISOString(),
    };
    directory.write(directory.serverFile, `${JSON.stringify(process_, undefined, 2)}\n`);
  }

  /** Starts controllers, scheduler and nodes. */
  async work(): Promise<void> {
    const { simulatedNodes, realNode } = this.#options;
    await this.#controlPlane.work();
    if (realNode) await this.#startAgent();
    for (let index = 0; index < simulatedNodes; index++) await this.#simulated.add({ name: `simulated-${index}` });
  }

  /** Ends the server; the agent and all containers run on. */
  async stop(): Promise<void> {
    const { directory } = this.#options;
    await this.#keeper?.release();
    await this.#simulated.stop();
    await this.#simulatedInformers.stop();
    await this.#http?.close(shutdownGraceMs);
    await this.#controlPlane.stop();
    await this.#store.close();
    directory.remove(directory.serverFile);
  }

  /** Ends everything of the cluster on this machine; its state stays. Answers what could not be taken down. */
  async down(): Promise<readonly string[]> {
    const { environment, directory, logger } = this.#options;
    await this.#keeper?.end();
    await this.stop();
    return takeDownNode({ environment, directory, logger });
  }

  async #startAgent(): Promise<void> {
    const { environment, directory, logger, agentCommand } = this.#options;
    const host = await LinuxHost.open({ environment, dataDirectory: directory.path, ledgerFile: directory.ledgerFile });
    const settings = this.#agentSettings();
    const file = join(directory.node, 'agent.json');
    directory.write(file, `${JSON.stringify(settings, undefined, 2)}\n`);
    this.#keeper = new AgentKeeper({
      host,
      environment,
      logger,
      name: `agent/${version}/${this.#options.port}`,
      command: [...agentCommand, file],
      logFile: join(directory.logs, 'agent.log'),
    });
    await this.#keeper.start();
  }

  #agentSettings(): AgentSettings {
    const { directory, port } = this.#options;
    const { id, podRange, serviceRange, domain } = this.identity;
    const client = this.#pki.leaf('node-client', {
      commonName: `system:node:${this.nodeName}`,
      organizations: ['system:nodes'],
      usages: ['clientAuth'],
    });
    this.#pki.leaf('node-server', {
      commonName: `system:node:${this.nodeName}`,
      organizations: ['system:nodes'],
      usages: ['serverAuth'],
      dnsNames: [this.nodeName, 'localhost'],
      ipAddresses: [this.address, '127.0.0.1'],
    });
    const kubeconfig = join(directory.node, 'agent.kubeconfig');
    directory.write(kubeconfig, kubeconfigText(`https://127.0.0.1:${port}`, this.#pki.authorityPem, client));
    return {
      clusterId: id,
      nodeName: this.nodeName,
      kubeconfig,
      podRange,
      serviceRange,
      domain,
      dnsAddress: addressAt(parseRange(serviceRange), dnsOffset),
      dnsPort,
      authority: join(directory.pki, 'ca.crt'),
      certificate: join(directory.pki, 'node-server.crt'),
      key: join(directory.pki, 'node-server.key'),
      port: nodeApiPort,
      directory: directory.node,
      runDirectory: `/run/stuurman-${id}`,
      volumeDirectory: join(directory.path, 'volumes'),
      resolvConf: '/etc/resolv.conf',
      version,
    };
  }

  #serverCertificate() {
    const service = addressAt(parseRange(this.identity.serviceRange), 1);
    const { domain } = this.identity;
    return this.#pki.leaf('server', {
      commonName: 'kube-apiserver',
      usages: ['serverAuth'],
      dnsNames: [
        'localhost',
        hostname(),
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${domain}`,
      ],
      ipAddresses: ['127.0.0.1', service, this.address],
    });
  }

  #writeKubeconfig(): void {
    const { directory } = this.#options;
    const admin = this.#pki.leaf('admin', {
      commonName: adminUser.username,
      organizations: ['system:masters'],
      usages: ['clientAuth'],
    });
    directory.write(directory.kubeconfig, kubeconfigText(this.url, this.#pki.authorityPem, admin));
  }

  /** Real nodes by their certificates; simulated ones answer directly. */
  #dialer(reader: ConstructorParameters<typeof ClusterDialer>[0]['reader']): Dialer {
    const { environment } = this.#options;
    const client = this.#pki.leaf('node-api-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['clientAuth'],
    });
    const nodeTls = { authorityPem: this.#pki.authorityPem, ...client };
    const real = new ClusterDialer({ environment, reader, nodeTls });
    return simulatedDialer(() => this.#simulated, real);
  }
}
