import type { UserInfo } from '../apiserver/request.ts';
import type { Client } from '../client/client.ts';
import { createInformerFactory } from '../client/informers/informer-factory.ts';
import type { Environment } from '../machinery/environment/environment.ts';
import { RealEnvironment } from '../machinery/environment/real.ts';
import { VirtualEnvironment } from '../machinery/environment/virtual.ts';
import { type Logger, silentLogger } from '../machinery/log.ts';
import { type MetricRegistry, silentMetrics } from '../machinery/metrics.ts';
import { MemoryStore } from '../store/memory/memory-store.ts';
import { prefixEnd, type StoreEvent } from '../store/store.ts';
import { CertificateAuthority } from '../wire/pki/certificate-authority.ts';
import { fixedTestKeys } from '../wire/pki/fixed-test-keys.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import { adminUser, serverUser } from './control-plane/users.ts';
import { type SimulatedNodeOptions, SimulatedNodes } from './simulated/simulated-nodes.ts';

export interface CreateClusterOptions {
  /** Simulated nodes to begin with: how many, or how each is; 1 unless given. */
  readonly nodes?: number | readonly SimulatedNodeOptions[] | undefined;
  /** `virtual`: time moves only in `advance`, and one seed gives one history. `real` unless given. */
  readonly time?: 'real' | 'virtual' | undefined;
  /** Virtual time only; 1 unless given. Print it when a test fails: it reproduces the run. */
  readonly seed?: number | undefined;
  /** Keeps every change of state, for `history()`. */
  readonly recordHistory?: boolean | undefined;
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

/** Starts a cluster of simulated nodes: control plane, scheduler, controllers, agents. Ready to be written to when it resolves. */
export async function createCluster(options: CreateClusterOptions = {}): Promise<Cluster> {
  const environment = options.time === 'virtual' ? new VirtualEnvironment(options.seed ?? 1) : new RealEnvironment();
  const logger = options.logger ?? silentLogger;
  const store = new MemoryStore({ environment });
  const history: HistoryEntry[] = [];
  if (options.recordHistory === true) await recordHistory(store, history);
  const controlPlane = new ControlPlane({
    environment,
    store,
    logger,
    metrics: options.metrics ?? silentMetrics,
    podRange,
    serviceRange,
    serviceAccountKey: fixedTestKeys.serviceAccount().privateKey,
    authorityPem: testAuthority(environment),
    volumeDirectory: '/var/lib/stuurman/volumes',
  });
  await controlPlane.serve();
  await controlPlane.work();
  const informers = createInformerFactory({ client: controlPlane.client(serverUser), environment, logger });
  const nodes = new SimulatedNodes({ clientFor: (user) => controlPlane.client(user), informers, environment, logger });
  const wanted = options.nodes ?? 1;
  const list = typeof wanted === 'number' ? Array.from({ length: wanted }, (): SimulatedNodeOptions => ({})) : wanted;
  for (const node of list) await nodes.add(node);

  let closing: Promise<void> | undefined;
  const close = async () => {
    await nodes.stop();
    await informers.stop();
    await controlPlane.stop();
    await store.close();
  };
  const cluster: Cluster = {
    environment,
    client: controlPlane.client(adminUser),
    nodes,
    clientAs: ({ username, groups = [] }) => controlPlane.client(userInfo(username, groups)),
    async advance(duration) {
      if (!(environment instanceof VirtualEnvironment)) {
        throw new Error("advance() is for virtual time: create the cluster with { time: 'virtual' }");
      }
      await environment.advance(typeof duration === 'number' ? duration : parseDuration(duration));
    },
    history: () => history,
    close: () => {
      closing ??= close();
      return closing;
    },
    [Symbol.asyncDispose]: () => cluster.close(),
  };
  return cluster;
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

/** The same authority in every test cluster of the same seed: its key is public. */
function testAuthority(environment: Environment): string {
  const tenYearsMs = 10 * 365 * 24 * 3600_000;
  return CertificateAuthority.create(
    {
      now: () => environment.now(),
      monotonic: () => environment.monotonic(),
      randomBytes: (length) => environment.randomBytes(length),
    },
    { commonName: 'stuurman-test-ca', validityMs: tenYearsMs, keyPair: fixedTestKeys.authority() },
  ).certificate.pem;
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1h30m` in milliseconds. Throws for anything else. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Error(`"${text}" is not a duration: write for example 500ms, 90s, 5m or 1h30m`);
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit ?? ''] ?? 0), 0);
}
