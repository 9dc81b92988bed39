import type { UserInfo } from '../apiserver/request.ts';
import type { Client } from '../client/client.ts';
import { createInformerFactory } from '../client/informers/informer-factory.ts';
import { parseDuration } from '../machinery/duration.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import { RealEnvironment } from '../machinery/environment/real.ts';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { type Logger, silentLogger } from '../machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../machinery/metrics.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { prefixEnd, type StoreEvent } from '../store/store.ts';
import type { HttpHandler } from '../wire/http-handler.ts';
import { CertificateAuthority } from '../wire/pki/certificate-authority.ts';
import { fixedTestKeys } from '../wire/pki/fixed-test-keys.ts';
import { generateKeyPair, type KeyPair } from '../wire/pki/key-pair.ts';
import { publicKeyHash } from '../wire/pki/public-key-hash.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import { adminUser, serverUser } from './control-plane/users.ts';
import { type ServedCluster, serveCluster } from './serve-cluster.ts';
import type { JoinableCluster } from './simulated/joined-identity.ts';
import { isolatedDialer } from './simulated/simulated-dialer.ts';
import { type SimulatedNodeOptions, SimulatedNodes } from './simulated/simulated-nodes.ts';
import { simulatedReach } from './simulated/simulated-reach.ts';

export interface CreateClusterOptions {
  /** Simulated nodes to begin with: how many, or how each is; 1 unless given. */
  readonly nodes?: number | readonly SimulatedNodeOptions[] | undefined;
  /** `virtual`: time moves only in `advance`, and one seed gives one history. `real` unless given. */
  readonly time?: 'real' | 'virtual' | undefined;
  /** Virtual time only; 1 unless given. Print it when a test fails: it reproduces the run. */
  readonly seed?: number | undefined;
  /** Keeps every change of state, for `history()`. */
  readonly recordHistory?: boolean | undefined;
  /** Serves the API over TLS to programs of this machine, at the given port or one that is free. Real time only. */
  readonly kubeconfig?: boolean | { readonly port: number } | undefined;
  readonly logger?: Logger | undefined;
  readonly metrics?: MetricRegistry | undefined;
}

/** One change of state, as the store has it. */
export interface HistoryEntry {
  readonly revision: number;
  readonly key: string;
  /** Undefined: the key was deleted. */
  readonly value: Uint8Array<ArrayBufferLike> | undefined;
}

/** A whole cluster inside this process. */
export interface Cluster extends AsyncDisposable {
  readonly environment: Environment;
  /** As the administrator. */
  readonly client: Client;
  readonly nodes: SimulatedNodes;
  /** The administrator's kubeconfig: a file that is there until the cluster is closed. Throws when none was asked for. */
  readonly kubeconfig: string;
  /** As somebody else; subject to RBAC and admission like any request. */
  clientAs(user: { readonly username: string; readonly groups?: readonly string[] }): Client;
  /** Lets virtual time pass: milliseconds, or a text such as `90s`, `5m`, `1h30m`. */
  advance(duration: number | string): Promise<void>;
  /** Every change of state so far, in order; empty without `recordHistory`. */
  history(): readonly HistoryEntry[];
  /** Ends everything; nothing of the cluster is left. */
  close(): Promise<void>;
}

const podRange = '10.244.0.0/16';
const serviceRange = '10.96.0.0/16';
/** Where simulated machines find the API: a name that only they know. */
const joinServer = 'https://control-plane:6443';

/** Starts a cluster of simulated nodes: control plane, scheduler, controllers, agents. Ready to be written to when it resolves. */
export async function createCluster(options: CreateClusterOptions = {}): Promise<Cluster> {
  checkOptions(options);
  const { kubeconfig = false, logger = silentLogger, metrics = silentMetrics, time = 'real' } = options;
  const environment = time === 'virtual' ? new VirtualEnvironment(options.seed ?? 1) : new RealEnvironment();
  await using starting = new AsyncDisposableStack();
  const store = new MemoryStore({ environment });
  starting.defer(() => store.close());
  const history: HistoryEntry[] = [];
  if (options.recordHistory === true) await recordHistory(store, history);
  const keys = clusterKeys(environment);
  const controlPlane: ControlPlane = new ControlPlane({
    environment,
    store,
    logger,
    metrics,
    podRange,
    serviceRange,
    serviceAccountKey: keys.serviceAccount.privateKey,
    authorityPem: keys.authority.certificate.pem,
    authority: () => keys.authority,
    joinServers: [joinServer],
    volumeDirectory: '/var/lib/stuurman/volumes',
    dialer: (reader) => isolatedDialer(() => nodes, { environment, reader }),
  });
  const informers = createInformerFactory({ client: controlPlane.client(serverUser), environment, logger });
  const nodes = new SimulatedNodes({
    clientFor: (user) => controlPlane.client(user),
    informers,
    environment,
    logger,
    cluster: joinable(environment, controlPlane.api, keys.authority),
  });
  starting.defer(() => controlPlane.stop());
  await controlPlane.serve();
  await controlPlane.work();
  let served: ServedCluster | undefined;
  if (kubeconfig !== false) {
    const port = kubeconfig === true ? 0 : kubeconfig.port;
    served = await serveCluster({ environment, logger, handler: controlPlane.api, authority: keys.authority, port });
    starting.defer(() => served?.close());
  }
  starting.defer(() => informers.stop());
  starting.defer(() => nodes.stop());
  const wanted = options.nodes ?? 1;
  const list = typeof wanted === 'number' ? Array.from({ length: wanted }, (): SimulatedNodeOptions => ({})) : wanted;
  for (const node of list) await nodes.add(node);
  // What controllers make of themselves is there then: a pod that is created at once would wait for its ServiceAccount, and time stands still.
  if (environment instanceof VirtualEnvironment) await environment.settle();

  const running = starting.move();
  let closing: Promise<void> | undefined;
  const cluster: Cluster = {
    environment,
    client: controlPlane.api.uncheckedClient(adminUser),
    nodes,
    get kubeconfig() {
      if (served === undefined) throw new Error('create the cluster with { kubeconfig: true } to have a kubeconfig');
      return served.kubeconfig;
    },
    clientAs: ({ username, groups = [] }) => controlPlane.api.uncheckedClient(userInfo(username, groups)),
    async advance(duration) {
      if (!(environment instanceof VirtualEnvironment)) {
        throw new Error("advance() is for virtual time: create the cluster with { time: 'virtual' }");
      }
      await environment.advance(typeof duration === 'number' ? duration : parseDuration(duration));
    },
    history: () => history,
    close: () => {
      closing ??= running.disposeAsync();
      return closing;
    },
    [Symbol.asyncDispose]: () => cluster.close(),
  };
  return cluster;
}

/** Throws for what types do not keep out, and for what does not go together. */
function checkOptions({ kubeconfig = false, nodes = 1, seed = 1, time = 'real' }: CreateClusterOptions): void {
  if (time !== 'real' && time !== 'virtual')
    throw new Error(`the time of a cluster is 'real' or 'virtual', not '${time}'`);
  if (!Array.isArray(nodes) && !(Number.isInteger(nodes) && Number(nodes) >= 0))
    throw new Error(`nodes: ${nodes} is neither a whole number from 0 nor a list of nodes`);
  if (!Number.isInteger(seed)) throw new Error(`seed: ${seed} is not a whole number`);
  if (kubeconfig !== false && time === 'virtual') {
    throw new Error(
      "a kubeconfig is for programs outside, whose time is real: create the cluster without { time: 'virtual' }, or use cluster.client",
    );
  }
}

function userInfo(username: string, groups: readonly string[]): UserInfo {
  return { username, groups: [...groups, 'system:authenticated'], extra: {} };
}

async function recordHistory(store: MemoryStore, history: HistoryEntry[]): Promise<void> {
  await store.watch('/', prefixEnd('/'), await store.currentRevision(), {
    events: (events) => {
      for (const event of events) history.push(historyEntry(event));
    },
    progress: () => {},
    closed: () => {},
  });
}

function historyEntry(event: StoreEvent): HistoryEntry {
  if (event.type === 'delete') return { revision: event.revision, key: event.key, value: undefined };
  return { revision: event.entry.modRevision, key: event.entry.key, value: event.entry.value };
}

/** The cluster as machines find it that join by a token. */
function joinable(environment: Environment, handler: HttpHandler, authority: CertificateAuthority): JoinableCluster {
  const api = { url: joinServer, handler, authority: () => authority };
  return {
    servers: [joinServer],
    reach: simulatedReach(environment, [api], 'stuurman-agent'),
    authorityHash: () => publicKeyHash(authority.certificate),
    makeKeyPair: environment instanceof VirtualEnvironment ? fixedTestKeys.node : undefined,
  };
}

interface ClusterKeys {
  readonly authority: CertificateAuthority;
  readonly serviceAccount: KeyPair;
}

/** In virtual time the same for every cluster, and known to everyone; otherwise new ones, for such a cluster may be served. */
function clusterKeys(environment: Environment): ClusterKeys {
  const isVirtual = environment instanceof VirtualEnvironment;
  const tenYearsMs = 10 * 365 * 24 * 3600_000;
  return {
    authority: CertificateAuthority.create(
      {
        now: () => environment.now(),
        monotonic: () => environment.monotonic(),
        randomBytes: (length) => environment.randomBytes(length),
      },
      {
        commonName: 'stuurman-test-ca',
        validityMs: tenYearsMs,
        keyPair: isVirtual ? fixedTestKeys.authority() : undefined,
      },
    ),
    serviceAccount: isVirtual ? fixedTestKeys.serviceAccount() : generateKeyPair(environment),
  };
}
