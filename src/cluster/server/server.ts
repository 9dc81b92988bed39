import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Client, Reader } from '../../client/client.ts';
import type { Dialer } from '../../client/dialer.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import { allEnded } from '../../machinery/all-ended.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { Rounds } from '../../machinery/environment/rounds.ts';
import type { Logger } from '../../machinery/log.ts';
import { addressAt, parseRange } from '../../network/ipv4.ts';
import type { NodeLimits } from '../../node/node-limits.ts';
import { SqliteStore } from '../../store/sqlite/sqlite-store.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';
import { HttpServer } from '../../wire/http-server.ts';
import { ControlPlane, type ControlPlaneOptions } from '../control-plane/control-plane.ts';
import { adminUser, serverUser } from '../control-plane/users.ts';
import { type ClusterIdentity, ensureIdentity } from '../files/cluster-identity.ts';
import { ClusterRegister, type ForeignRanges } from '../files/cluster-register.ts';
import type { DataDirectory } from '../files/data-directory.ts';
import { kubeconfigText } from '../files/kubeconfig-text.ts';
import { writeNodeLimits } from '../files/node-limits-file.ts';
import { PkiFiles } from '../files/pki-files.ts';
import { tellOfNeighbours } from '../files/tell-of-neighbours.ts';
import { PrometheusMetrics } from '../observability/prometheus-metrics.ts';
import { simulatedDialer } from '../simulated/simulated-dialer.ts';
import { SimulatedNodes } from '../simulated/simulated-nodes.ts';
import { AddressWatch } from './address-watch.ts';
import { LocalAgents } from './local-agents.ts';
import { ensureLocalPlaces } from './local-places.ts';
import { machineAddresses, machineMtu, packetTables, takenRanges } from './machine.ts';
import type { NodePlace } from './node-place.ts';
import { type RunningServer, thisProcess } from './running-server.ts';
import type { ServerAhead } from './server-ahead.ts';
import { version } from './version.ts';

export interface ServerOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
  readonly port: number;
  /** By which pods and other machines reach this one; undefined: the usual address of the machine, whatever it becomes. */
  readonly address?: string | undefined;
  readonly podRange?: string | undefined;
  readonly serviceRange?: string | undefined;
  /** Whether this machine has nodes with real containers. */
  readonly realNode: boolean;
  readonly ahead?: ServerAhead | undefined;
  /** How many there should be at least; undefined: those of the last start, or one. */
  readonly nodes?: number | undefined;
  readonly simulatedNodes: number;
  /** What nodes of this machine keep from their pods. */
  readonly limits: NodeLimits;
  readonly nodeLifecycle?: ControlPlaneOptions['nodeLifecycle'];
  /** Runs the agent when a settings file is put behind it. */
  readonly agentCommand: readonly string[];
  /** Told what the user should know. */
  readonly notice: (text: string) => void;
}

const dnsPort = 10053;
const shutdownGraceMs = 2_000;
const renewEveryMs = 3600_000;

/** A cluster's server: everything but the agent, in this process. */
export class Server {
  readonly identity: ClusterIdentity;
  readonly url: string;
  /** The machine's addresses, that by which it is reached first. */
  #addresses: readonly string[];
  /** The nodes of this machine with real containers. */
  readonly places: readonly NodePlace[];
  /** As the administrator, without leaving the process. */
  readonly client: Client;
  /** To the nodes, as the API server reaches them. */
  readonly dialer: Dialer;
  readonly #options: ServerOptions;
  readonly #store: SqliteStore;
  readonly #controlPlane: ControlPlane;
  readonly #pki: PkiFiles;
  readonly #simulated: SimulatedNodes;
  readonly #simulatedInformers: ReturnType<typeof createInformerFactory>;
  readonly #startedAt: string;
  readonly #renewal: Rounds;
  #http: HttpServer | undefined;
  #nodeTls: ClientTls | undefined;
  #agents: LocalAgents | undefined;
  #addressWatch: AddressWatch | undefined;

  /** Throws `DataDirectoryError` and `StoreOpenError`, each with what to do. Nothing is left running then. */
  static async open(options: ServerOptions): Promise<Server> {
    const { directory, environment, podRange, serviceRange, notice } = options;
    directory.create();
    const register = options.realNode ? new ClusterRegister() : undefined;
    const choose = () => {
      const takenBy = (other: ForeignRanges) =>
        other.ranges.map((range) => ({ range, owner: `the cluster in ${other.directory}` }));
      const taken = () => [
        ...takenRanges().map((range) => ({ range, owner: 'this machine' })),
        ...(register?.others(directory) ?? []).flatMap(takenBy),
      ];
      const chosen = ensureIdentity(directory, { environment, takenRanges: taken, podRange, serviceRange, notice });
      register?.enter(directory, chosen);
      return chosen;
    };
    const identity = (await register?.exclusively(environment, choose)) ?? choose();
    const store = await SqliteStore.open({
      file: directory.stateFile,
      environment,
      thread: options.ahead?.storeThread,
    });
    writeNodeLimits(directory, options.limits);
    if (register !== undefined) tellOfNeighbours(identity.id, register.others(directory), packetTables, notice);
    const places = await register?.exclusively(environment, () => ensureLocalPlaces(options, identity, register));
    return new Server(options, identity, places ?? [], store, new PkiFiles(directory, environment));
  }

  private constructor(
    options: ServerOptions,
    identity: ClusterIdentity,
    places: readonly NodePlace[],
    store: SqliteStore,
    pki: PkiFiles,
  ) {
    this.#options = options;
    this.identity = identity;
    this.places = places;
    this.#addresses = addressesOf(options);
    this.#startedAt = new Date(options.environment.now()).toISOString();
    this.#store = store;
    this.#pki = pki;
    this.url = `https://127.0.0.1:${options.port}`;
    const { environment, logger, port, directory } = options;
    const metrics = PrometheusMetrics.ofProcess(environment);
    const healthMetrics = new PrometheusMetrics();
    this.#controlPlane = new ControlPlane({
      hostname: hostname(),
      environment,
      store,
      logger,
      metrics,
      healthMetrics,
      podRange: identity.podRange,
      serviceRange: identity.serviceRange,
      serviceAccountKey: pki.serviceAccountKey.privateKey,
      authorityPem: pki.authorityPem,
      frontProxyAuthorityPem: pki.frontProxyAuthorityPem,
      authority: () => pki.authority,
      joinServers: this.#urls(),
      nodeFacts: {
        clusterId: identity.id,
        podRange: identity.podRange,
        serviceRange: identity.serviceRange,
        domain: identity.domain,
        dnsPort,
      },
      endpoint: { address: this.address, port },
      nodeLifecycle: options.nodeLifecycle,
      dnsPort: options.realNode ? dnsPort : undefined,
      volumeDirectory: join(directory.path, 'volumes'),
      serverUrl: () => `https://${this.address}:${port}`,
      dialer: (reader) => this.#dialer(reader),
      metricPages: { '/metrics': () => metrics.text(), '/metrics/slis': () => healthMetrics.text() },
    });
    this.client = this.#controlPlane.client(adminUser);
    this.dialer = this.#dialer(this.client);
    this.#renewal = new Rounds({
      environment,
      intervalMs: renewEveryMs,
      round: () => this.#renewCertificates(),
      failed: (err) => logger.error('certificates were not renewed', { err }),
    });
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

  /** By which pods and other machines reach this one; loopback where there is no network. */
  get address(): string {
    return this.#addresses[0] ?? '127.0.0.1';
  }

  /** From here on the API answers. Throws `ListenError` for a port in use. */
  async serve(): Promise<void> {
    const { environment, logger, port } = this.#options;
    await this.#controlPlane.serve();
    this.#http = await HttpServer.start({
      environment,
      handler: this.#controlPlane.api,
      address: { host: '0.0.0.0', port },
      tls: this.#tls(),
      onError: (err) => logger.warn('a request failed', { err }),
    });
    this.#writeKubeconfig();
    this.#writeServerFile();
    this.#renewal.start();
  }

  /** Starts controllers, scheduler and nodes; answers the names of the nodes. */
  async work(): Promise<readonly string[]> {
    // Agents need nothing but the API, and take a while to come up.
    await allEnded([this.#startAgents(), this.#controlPlane.work()]);
    takingDown().catch(() => {});
    this.#addressWatch = new AddressWatch({
      environment: this.#options.environment,
      logger: this.#options.logger,
      look: () => addressesOf(this.#options),
      onChange: (addresses) => this.#moveTo(addresses),
    });
    const simulated = Array.from({ length: this.#options.simulatedNodes }, (_, index) => `simulated-${index}`);
    for (const name of simulated) await this.#simulated.add({ name, limits: this.#options.limits });
    return [...this.places.map(({ name }) => name), ...simulated];
  }

  /** Ends the server; agents and all containers run on. */
  async stop(): Promise<void> {
    const { directory } = this.#options;
    this.#renewal.stop();
    await this.#addressWatch?.stop();
    await this.#agents?.release();
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
    await this.#agents?.end();
    await this.stop();
    const { takeDownNodes } = await takingDown();
    return takeDownNodes({ environment, directory, logger });
  }

  async #startAgents(): Promise<void> {
    if (this.places.length === 0) return;
    this.#agents = new LocalAgents({
      ...this.#options,
      identity: this.identity,
      pki: this.#pki,
      places: this.places,
      addresses: this.#addresses,
      mtu: machineMtu(),
      dnsPort,
    });
    await this.#agents.start();
  }

  /** Certificates say the new addresses, and whoever follows the API is told of them. */
  async #moveTo(addresses: readonly string[]): Promise<void> {
    this.#addresses = addresses;
    this.#http?.setTls(this.#tls());
    this.#writeServerFile();
    await this.#controlPlane.moveTo(this.address, this.#urls());
    await this.#agents?.moveTo(this.#addresses);
  }

  /** Where the API is reached from other machines: by every address, for one may stay when another goes, and by name. */
  #urls(): readonly string[] {
    return [...(this.#addresses.length === 0 ? ['127.0.0.1'] : this.#addresses), hostname()].map(
      (host) => `https://${host}:${this.#options.port}`,
    );
  }

  #tls() {
    return { ...this.#serverCertificate(), clientAuthorityPem: this.#pki.authorityPem };
  }

  #writeServerFile(): void {
    const { directory, port } = this.#options;
    const running: RunningServer = {
      ...thisProcess(),
      port,
      address: this.address,
      version,
      startedAt: this.#startedAt,
    };
    directory.write(directory.serverFile, `${JSON.stringify(running, undefined, 2)}\n`);
  }

  /** Years may pass before the next start, so certificates are looked after while the server runs. */
  async #renewCertificates(): Promise<void> {
    this.#http?.setTls(this.#tls());
    this.#writeKubeconfig();
    this.#nodeTls = this.#nodeApiTls();
    this.#agents?.renewCertificates();
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
      ipAddresses: [...new Set(['127.0.0.1', service, ...this.#addresses, ...this.#gateways()])],
    });
  }

  /** Where nodes that have a network of their own reach this server. */
  #gateways(): readonly string[] {
    return this.places.flatMap(({ network }) => (network === undefined ? [] : [network.gateway]));
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
  #dialer(reader: Reader): Dialer {
    const { environment } = this.#options;
    const nodeTls = () => {
      this.#nodeTls ??= this.#nodeApiTls();
      return this.#nodeTls;
    };
    return simulatedDialer(() => this.#simulated, { environment, reader, nodeTls });
  }

  /** How the server proves itself to agents. The same object while it is the same certificate, so that connections are kept. */
  #nodeApiTls(): ClientTls {
    const client = this.#pki.leaf('node-api-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['clientAuth'],
    });
    if (client.certificatePem === this.#nodeTls?.certificatePem) return this.#nodeTls;
    return { authorityPem: this.#pki.authorityPem, ...client };
  }
}

/**
 * What ends nodes speaks to containerd, and gRPC is much to load: that comes after the first answers. It does not wait until it is needed,
 * for by then the program may have been built anew, and its old files be gone.
 */
function takingDown() {
  return import('./take-down-nodes.ts');
}

function addressesOf({ address }: ServerOptions): readonly string[] {
  const found = machineAddresses();
  return address === undefined ? found : [address, ...found.filter((each) => each !== address)];
}
