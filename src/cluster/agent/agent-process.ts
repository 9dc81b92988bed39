import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { followingBackOff } from '../../client/back-off.ts';
import type { Client } from '../../client/client.ts';
import { connect, followingPatienceMs } from '../../client/https/connect.ts';
import { createInformerFactory } from '../../client/informers/informer-factory.ts';
import { clusterConnection } from '../../client/kubeconfig/cluster-connection.ts';
import { knownServers } from '../../client/kubeconfig/known-servers.ts';
import { readKubeconfig } from '../../client/kubeconfig/kubeconfig-file.ts';
import { allEnded } from '../../machinery/all-ended.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import { RealEnvironment } from '../../machinery/environment/real.ts';
import type { Logger } from '../../machinery/log.ts';
import { untilAborted } from '../../machinery/until-aborted.ts';
import { behindAnnotation } from '../../network/routes/pod-routes.ts';
import { type Agent, startAgent } from '../../node/agent.ts';
import { NodeAccess } from '../../node/api/node-access.ts';
import { serveNodeApi } from '../../node/api/serve-node-api.ts';
import { IdentityFiles } from '../../node/certificates/identity-files.ts';
import { requireIdentity } from '../../node/certificates/join-cluster.ts';
import { ServingTls } from '../../node/certificates/serving-tls.ts';
import type { NodeConfig } from '../../node/config.ts';
import { kubernetesArchitecture } from '../../node/host/linux/host-info.ts';
import { LinuxHost } from '../../node/host/linux/linux-host.ts';
import { spareFromOom } from '../../node/host/linux/oom-score.ts';
import { LocalImages } from '../../node/images/making/local-images.ts';
import { ensureNodeId } from '../../node/registration/node-identity.ts';
import { ownSources } from '../../node/sources.ts';
import type { HttpResponse, HttpTarget } from '../../wire/http.ts';
import { ListenError } from '../../wire/http-server/listen.ts';
import type { HttpServer } from '../../wire/http-server.ts';
import { PrometheusMetrics } from '../observability/prometheus-metrics.ts';
import { agentLimits } from './agent-limits.ts';
import type { AgentSettings } from './agent-settings.ts';
import { JoinedDuties } from './joined-duties.ts';
import { NodeNetwork } from './node-network.ts';
import { type NodeRuntimeOptions, nodeRuntime } from './node-runtime.ts';
import { serversPath, ToldServers } from './told-servers.ts';

/** An answer that takes longer is taken to be lost: watches are not meant, only their beginning. */
const answerPatienceMs = 20_000;

/** A node's agent at work. */
export interface AgentProcess {
  /** Ends the agent; containers, network and names of the node's services live on in the kernel and in containerd. */
  stop(): Promise<void>;
}

/** Runs the agent of this machine: containers by containerd, traffic by nftables, names by a thread of its own. */
export async function runAgent(settingsFile: string, logger: Logger): Promise<AgentProcess> {
  const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as AgentSettings;
  const environment = new RealEnvironment();
  const metrics = PrometheusMetrics.ofProcess(environment);
  const unspared = await spareFromOom('self');
  if (unspared !== undefined)
    logger.warn('when memory runs out the kernel may end the agent or containerd before pods', { why: unspared });
  const host = await LinuxHost.open({
    environment,
    dataDirectory: settings.directory,
    ledgerFile: join(settings.directory, 'ledger.json'),
  });
  const identity =
    settings.identityDirectory === undefined ? undefined : new IdentityFiles(host.files, settings.identityDirectory);
  if (identity !== undefined) await requireIdentity(identity, settings.nodeName, environment.now());
  let joined: JoinedDuties | undefined;
  const api = followApi(settings, environment, () => joined?.apiIsLost());
  const { client } = api;
  const informers = createInformerFactory({ client, environment, logger, backOff: followingBackOff });
  const { nodeName } = settings;
  const told = new ToldServers(informers, logger);
  const stop = new AbortController();
  let agent: Agent | undefined;
  const common = { settings, host, environment, logger };
  const [{ runtime, cniDirectory, supervising }, { server, tls }] = await allEnded([
    startRuntime(common, stop.signal),
    serveApi({ ...common, client, api: lateApi(told, () => agent?.api) }),
  ]);
  agent = await startAgent({
    client,
    sources: ownSources({ client, informers, environment, logger, nodeName }),
    runtime,
    host,
    environment,
    logger,
    metrics,
    nodeName,
    renderMetrics: () => metrics.text(),
    config: nodeConfig(settings, server.port, await ensureNodeId(host.files, environment, settings.directory)),
  });
  if (identity !== undefined && settings.joined !== undefined) {
    const common = { environment, logger, client, informers, nodeName, files: host.files, tls: api.tls };
    joined = new JoinedDuties({ ...settings.joined, ...common, identity, told, onServing: () => void tls.look() });
    await joined.start();
  }
  const network = new NodeNetwork({ settings, cniDirectory, host, client, informers, environment, logger, metrics });
  const networking = untilAborted(agent.registered, stop.signal)
    .then(() => network.start())
    .catch((err: unknown) => {
      if (!stop.signal.aborted) logger.error('the network of the node was not set up', { err });
    });
  return {
    async stop() {
      stop.abort(new DOMException('the agent was stopped', 'AbortError'));
      await network.stop();
      await networking;
      await agent?.stop();
      await joined?.stop();
      tls.stop();
      await server.close(1_000);
      await informers.stop();
      await supervising;
      await runtime.close();
      api.close();
    },
  };
}

/** A client of the API wherever it is. `onLost`: told while it does not answer under any address that is known. */
function followApi(settings: AgentSettings, environment: Environment, onLost: () => void) {
  const connection = clusterConnection(environment, readKubeconfig(settings.kubeconfig));
  const connected = connect(environment, connection, {
    userAgent: `stuurman-agent/${settings.version}`,
    timeoutMs: answerPatienceMs,
    servers: knownServers(environment, settings.kubeconfig),
    patienceMs: followingPatienceMs,
    onLost,
  });
  return { ...connected, tls: connection.tls };
}

/** Containers can be run from then on; until `signal` aborts, containerd is started again should it end. */
async function startRuntime(options: NodeRuntimeOptions, signal: AbortSignal) {
  const { settings, host, environment } = options;
  const { containerd, runtime, cniDirectory } = await nodeRuntime(options);
  await containerd.start(signal);
  const images = new LocalImages({
    environment,
    processes: host.processes,
    architecture: kubernetesArchitecture(process.arch),
    cacheDirectory: join(settings.directory, 'cache'),
    runtime,
    containerd,
  });
  await images.ensureSandboxImage(signal);
  return { runtime, cniDirectory, supervising: containerd.supervise(signal) };
}

interface ServeOptions extends NodeRuntimeOptions {
  readonly settings: AgentSettings;
  readonly client: Client;
  readonly api: HttpTarget;
}

/** The node's own API, for whoever may use it, with the certificate of the moment. */
async function serveApi({ settings, host, environment, logger, client, api }: ServeOptions) {
  const { nodeName } = settings;
  const tls = new ServingTls({ ...settings, environment, logger, files: host.files });
  const shown = await tls.read();
  const server = await listen(settings.port, (port) =>
    serveNodeApi({
      environment,
      logger,
      api,
      address: { host: '0.0.0.0', port },
      tls: shown,
      access: new NodeAccess({ client, environment, logger, nodeName, pathForNodes: serversPath }),
    }),
  );
  tls.follow((renewed) => server.setTls(renewed));
  return { server, tls };
}

function nodeConfig(settings: AgentSettings, port: number, nodeId: string): Partial<NodeConfig> {
  return {
    rootDirectory: settings.directory,
    podLogsDirectory: join(settings.directory, 'logs', 'pods'),
    cgroupRoot: settings.cgroupRoot,
    clusterDns: [settings.dnsAddress],
    clusterDomain: settings.domain,
    resolvConf: settings.resolvConf,
    port,
    ...agentLimits(settings.limits),
    nodeLabels: { 'stuurman.dev/runtime': 'containerd' },
    nodeId,
    nodeAnnotations: settings.behindNode === undefined ? {} : { [behindAnnotation]: settings.behindNode },
  };
}

/** The usual port of a node, or any that is free where another cluster's node has it. */
async function listen(port: number, start: (port: number) => Promise<HttpServer>): Promise<HttpServer> {
  try {
    return await start(port);
  } catch (error) {
    if (!(error instanceof ListenError) || error.code !== 'EADDRINUSE') throw error;
    return start(0);
  }
}

/** The node's status names the port, so it is served before there is an agent. */
function lateApi(told: ToldServers, api: () => HttpTarget | undefined): HttpTarget {
  const starting: HttpResponse = {
    status: 503,
    headers: { 'content-type': 'text/plain' },
    body: new TextEncoder().encode('the agent is starting\n'),
  };
  return {
    fetch: async (request) => told.answer(request) ?? api()?.fetch(request) ?? starting,
    upgrade: async (request) => api()?.upgrade(request) ?? starting,
  };
}
