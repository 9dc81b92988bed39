import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectedClient, connect } from '../../client/https/connect.ts';
import { clusterConnection } from '../../client/kubeconfig/cluster-connection.ts';
import { knownServers } from '../../client/kubeconfig/known-servers.ts';
import { readKubeconfig } from '../../client/kubeconfig/kubeconfig-file.ts';
import { findCondition } from '../../machinery/conditions.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import { isReason } from '../../machinery/status-error.ts';
import { parseTime } from '../../machinery/time.ts';
import { addressAt, parseRange, rangesOverlap } from '../../network/ipv4.ts';
import { explainFailure } from '../../node/certificates/explain-failure.ts';
import { IdentityFiles } from '../../node/certificates/identity-files.ts';
import { joinCluster, requireIdentity } from '../../node/certificates/join-cluster.ts';
import { reachByHttps } from '../../node/certificates/reach-api.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import type { NodeLimits } from '../../node/node-limits.ts';
import { ensureNodeId, nameProblem } from '../../node/registration/node-identity.ts';
import { configMaps, leases, nodes } from '../../resources/schema/resource-types.generated.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { parsePem } from '../../wire/pki/pem.ts';
import { publicKeyHash } from '../../wire/pki/public-key-hash.ts';
import type { AgentSettings } from '../agent/agent-settings.ts';
import { resolvConfFile } from '../agent/resolv-conf-file.ts';
import { type ClusterFacts, clusterFactsKey, parseClusterFacts } from '../control-plane/cluster-facts.ts';
import type { ClusterIdentity } from '../files/cluster-identity.ts';
import { ClusterRegister } from '../files/cluster-register.ts';
import { type DataDirectory, DataDirectoryError } from '../files/data-directory.ts';
import { writeNodeLimits } from '../files/node-limits-file.ts';
import { AgentKeeper } from '../server/agent-keeper.ts';
import { takeDownNodes } from '../server/take-down-nodes.ts';
import { version } from '../server/version.ts';
import { identityDirectory, type JoinedFile, joinedPlace, readJoined, writeJoined } from './joined-file.ts';

export interface JoiningNodeOptions {
  readonly environment: Environment;
  readonly directory: DataDirectory;
  readonly logger: Logger;
  /** By whom the machine is let in; absent for one that has joined before. */
  readonly invitation?: Invitation | undefined;
  /** The port of the node's own API. */
  readonly port: number;
  /** What the node keeps from its pods. */
  readonly limits: NodeLimits;
  /** Runs an agent when a settings file is put behind it, and `leave` for this directory. */
  readonly agentCommand: readonly string[];
  readonly leaveCommand: readonly string[];
}

export interface Invitation {
  readonly nodeName: string;
  /** `https://host:port` of the API. */
  readonly server: string;
  readonly token: string;
  /** `sha256:...` of the authority's key; one of them must fit. */
  readonly authorityHashes: readonly string[];
}

const dnsOffset = 10;
const readyPatienceMs = 120_000;
const userAgent = `stuurman-join/${version}`;

/**
 * Throws `DataDirectoryError` when the directory is that of a server or of another node, or there is neither an invitation nor a cluster joined
 * before. Nothing is made.
 */
export function requireJoinable(directory: DataDirectory, invitation: Invitation | undefined): void {
  if (directory.exists)
    throw new DataDirectoryError(
      `${directory.path} is that of a cluster's server, whose machine is a node already: give another one with --data-dir`,
    );
  const joined = readJoined(directory);
  if (joined === undefined && invitation === undefined)
    throw new DataDirectoryError(
      `this machine has joined no cluster in ${directory.path}: "stuurman token create --print-join-command" on the server prints what to run here`,
    );
  if (joined !== undefined && invitation !== undefined && joined.nodeName !== invitation.nodeName)
    throw new DataDirectoryError(
      `this machine is the node ${joined.nodeName} of a cluster already: "stuurman leave" ends that, or give another --data-dir`,
    );
  directory.refuseForeign();
}

/** This machine as a node of a cluster whose server is on another one. */
export class JoiningNode {
  readonly #options: JoiningNodeOptions;
  readonly #host: LinuxHost;
  readonly #identity: IdentityFiles;
  readonly #register = new ClusterRegister();
  #joined: JoinedFile | undefined;
  #facts: ClusterFacts | undefined;
  #hasStarted = false;
  #connected: ConnectedClient | undefined;
  #keeper: AgentKeeper | undefined;

  /** `requireJoinable` comes before. */
  static async open(options: JoiningNodeOptions): Promise<JoiningNode> {
    const { environment, directory } = options;
    directory.create();
    const host = await LinuxHost.open({ environment, dataDirectory: directory.path, ledgerFile: directory.ledgerFile });
    return new JoiningNode(options, host, readJoined(directory));
  }

  private constructor(options: JoiningNodeOptions, host: LinuxHost, joined: JoinedFile | undefined) {
    this.#options = options;
    this.#host = host;
    this.#joined = joined;
    this.#identity = new IdentityFiles(host.files, identityDirectory(options.directory));
  }

  /** Whether anything of the node may run by now. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** Undefined before the cluster is known. */
  get nodeName(): string | undefined {
    return this.#joined?.nodeName;
  }

  /**
   * Proves to the cluster who this is, where that has to be done, and writes down of which cluster the machine is a node from now on. May be
   * repeated while the agent runs: it follows. Throws `IdentityError` and `DataDirectoryError`.
   */
  async identify(): Promise<void> {
    const { environment, directory, invitation } = this.#options;
    const nodeName = invitation?.nodeName ?? this.#joined?.nodeName ?? '';
    if (invitation === undefined) await requireIdentity(this.#identity, nodeName, environment.now());
    else await this.#join(invitation);
    const facts = await this.#clusterFacts();
    const { clusterId: id, podRange, serviceRange } = facts;
    this.#checkRanges({ id, podRange, serviceRange });
    await this.#checkName(directory.node, nodeName);
    const given = [...(invitation === undefined ? [] : [invitation.server]), ...(this.#joined?.servers ?? [])];
    this.#facts = facts;
    this.#joined = { clusterId: id, podRange, serviceRange, nodeName, servers: [...new Set(given)] };
    writeJoined(directory, this.#joined);
    this.#register.enterJoined(directory, { id, podRange, serviceRange });
  }

  async #join({ nodeName, server, token, authorityHashes }: Invitation): Promise<void> {
    const { environment } = this.#options;
    const identity = this.#identity;
    const known = parsePem((await identity.readAuthority()) ?? '', 'CERTIFICATE').map(parseCertificate);
    const isOther = !known.some((authority) => authorityHashes.includes(publicKeyHash(authority)));
    if (this.#joined !== undefined && known.length > 0 && isOther)
      throw new DataDirectoryError(
        `this machine is the node ${this.#joined.nodeName} of another cluster: "stuurman leave" ends that, or give another --data-dir`,
      );
    const reach = reachByHttps(environment, userAgent);
    const trust = { authorityHashes };
    await joinCluster({ environment, identity, nodeName, servers: [server], token, trust, reach });
  }

  /** Takes away what was made for a cluster that has not let this machine in. */
  forget(): void {
    const { directory } = this.#options;
    if (readJoined(directory) !== undefined) return;
    const made = [identityDirectory(directory), directory.node, directory.logs, directory.ledgerFile];
    for (const path of made) rmSync(path, { recursive: true, force: true });
    directory.removeIfEmpty();
  }

  /** Starts the agent, or adopts the one that runs. `identify` comes before. */
  async start(): Promise<void> {
    const { environment, directory, logger, agentCommand, limits } = this.#options;
    const facts = this.#facts;
    if (facts === undefined || this.#joined === undefined) throw new Error('the cluster is not known yet');
    const { nodeName } = this.#joined;
    writeNodeLimits(directory, limits);
    const place = joinedPlace(directory, this.#joined);
    this.#hasStarted = true;
    const settings = `${JSON.stringify(this.#settings(facts, this.#joined), undefined, 2)}\n`;
    const file = join(place.directory, 'agent.json');
    directory.write(file, settings);
    this.#keeper = new AgentKeeper({
      host: this.#host,
      environment,
      logger,
      nodeName,
      edition: createHash('sha256').update(settings).digest('hex').slice(0, 16),
      command: [...agentCommand, file],
      logFile: place.logFile,
    });
    await this.#keeper.start();
  }

  /** Resolves when the cluster says that the node is ready. `sinceMs`: what it said before counts for nothing. */
  async waitUntilReady(sinceMs: number, progress: (text: string) => void): Promise<void> {
    const { environment } = this.#options;
    const { client } = this.#connect();
    const name = this.nodeName ?? '';
    const deadline = environment.monotonic() + readyPatienceMs;
    for (;;) {
      const [node, lease] = await Promise.all([
        existing(client.get(nodes, { name })),
        existing(client.get(leases, { name, namespace: 'kube-node-lease' })),
      ]);
      const ready = findCondition(node?.status?.conditions, 'Ready');
      if (ready?.status === 'True' && (parseTime(lease?.spec?.renewTime) ?? 0) >= sinceMs) return;
      const why = ready?.message ?? 'it has not registered';
      progress(why);
      if (environment.monotonic() > deadline)
        throw new Error(`the node ${name} did not become ready (${why}): see "stuurman logs --part agent"`);
      await environment.sleep(100);
    }
  }

  /** Lets go of the cluster; what runs of the node runs on. */
  release(): void {
    this.#connected?.close();
  }

  /** Ends everything of the node on this machine; what it needs to come back stays. Answers what could not be taken down. */
  async down(): Promise<readonly string[]> {
    const { environment, directory, logger } = this.#options;
    this.#connected?.close();
    await this.#keeper?.end();
    return takeDownNodes({ environment, directory, logger });
  }

  #connect(): ConnectedClient {
    const { environment } = this.#options;
    const { kubeconfig } = this.#identity;
    this.#connected ??= connect(environment, clusterConnection(environment, readKubeconfig(kubeconfig)), {
      userAgent,
      servers: knownServers(environment, kubeconfig),
    });
    return this.#connected;
  }

  /** Traffic of two clusters with the same addresses would go astray. */
  #checkRanges({ id, podRange, serviceRange }: Pick<ClusterIdentity, 'id' | 'podRange' | 'serviceRange'>): void {
    for (const other of this.#register.others(this.#options.directory)) {
      if (other.id === id) continue;
      for (const range of [podRange, serviceRange]) {
        const taken = other.ranges.find((each) => rangesOverlap(parseRange(each), parseRange(range)));
        if (taken !== undefined)
          throw new DataDirectoryError(
            `addresses of the cluster (${range}) are also those of the cluster in ${other.directory} (${taken}): "stuurman down --purge --data-dir ${other.directory}" makes room for it, or start that cluster anew with other ranges (--pod-cidr, --service-cidr)`,
          );
      }
    }
  }

  async #checkName(nodeDirectory: string, name: string): Promise<void> {
    const id = await ensureNodeId(this.#host.files, this.#options.environment, nodeDirectory);
    const node = await existing(this.#connect().client.get(nodes, { name }));
    const problem = node === undefined ? undefined : nameProblem(node, id);
    if (problem !== undefined) throw new Error(problem);
  }

  async #clusterFacts(): Promise<ClusterFacts> {
    try {
      return parseClusterFacts(await this.#connect().client.get(configMaps, clusterFactsKey));
    } catch (error) {
      const { environment } = this.#options;
      if (!isReason(error, 'NotFound') && !isReason(error, 'Forbidden'))
        throw explainFailure(error, { servers: [], now: environment.now(), shown: 'certificate' });
      throw new Error(
        `the cluster does not tell what its nodes have to know (the ConfigMap ${clusterFactsKey.name} in ${clusterFactsKey.namespace}): its server is no "stuurman up" of this version`,
        { cause: error },
      );
    }
  }

  #settings(facts: ClusterFacts, joined: JoinedFile): AgentSettings {
    const { directory, port, leaveCommand, limits } = this.#options;
    const { podRange, serviceRange, domain, dnsPort } = facts;
    const { clusterId, nodeName } = joined;
    const place = joinedPlace(directory, joined);
    return {
      clusterId,
      nodeName,
      kubeconfig: this.#identity.kubeconfig,
      podRange,
      serviceRange,
      domain,
      dnsAddress: addressAt(parseRange(serviceRange), dnsOffset),
      dnsPort,
      authority: this.#identity.authority,
      certificate: this.#identity.serving.path,
      key: this.#identity.serving.path,
      port,
      directory: place.directory,
      runDirectory: place.runDirectory,
      cgroupRoot: place.cgroupRoot,
      volumeDirectory: join(directory.path, 'volumes'),
      resolvConf: resolvConfFile(),
      limits,
      identityDirectory: this.#identity.directory,
      joined: { dataDirectory: directory.path, leaveCommand },
      version,
    };
  }
}

/** Undefined when there is no such object. */
async function existing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
