import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { QueuedEventRecorder } from '../../client/event-recorder.ts';
import type { InformerFactory } from '../../client/informer.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { MetricRegistry } from '../../machinery/metrics.ts';
import { cniConfiguration } from '../../network/cni-configuration.ts';
import { DnsThread } from '../../network/dns/dns-thread.ts';
import { ForwardPolicy } from '../../network/forward-policy.ts';
import { addressAt, parseRange } from '../../network/ipv4.ts';
import { PodAddresses } from '../../network/pod-addresses.ts';
import { ServiceProxy } from '../../network/proxy/service-proxy.ts';
import { PodRoutes } from '../../network/routes/pod-routes.ts';
import type { Host } from '../../node/host/host.ts';
import { nodes, pods } from '../../resources/schema/resource-types.generated.ts';
import type { AgentSettings } from './agent-settings.ts';

export interface NodeNetworkOptions {
  readonly settings: AgentSettings;
  readonly cniDirectory: string;
  readonly host: Host;
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
}

/** The names of what a cluster makes on this machine: each carries the cluster's id, and a link's may have 15 characters. */
function networkNames(clusterId: string) {
  const cluster = `stuurman-${clusterId}`;
  return { bridge: `st-${clusterId}`, tunnelLink: `stx-${clusterId}`, table: cluster, cni: cluster };
}

/** Pod network, service traffic and names of a node. */
export class NodeNetwork {
  readonly #options: NodeNetworkOptions;
  readonly #proxy: ServiceProxy;
  readonly #recorder: QueuedEventRecorder;
  readonly #stop = new AbortController();
  #routes: PodRoutes | undefined;
  #addresses: PodAddresses | undefined;
  #forwarding: ForwardPolicy | undefined;
  #dns: DnsThread | undefined;

  constructor(options: NodeNetworkOptions) {
    this.#options = options;
    const { settings, host, client, informers, environment, logger, metrics } = options;
    const source = { component: 'kube-proxy', host: settings.nodeName };
    this.#recorder = new QueuedEventRecorder({ client, environment, logger, metrics, source });
    this.#proxy = new ServiceProxy({
      ...networkNames(settings.clusterId),
      podRange: settings.podRange,
      clusterRange: settings.serviceRange,
      informers,
      host,
      environment,
      logger,
      metrics,
      recorder: this.#recorder,
      nodeName: settings.nodeName,
    });
  }

  /** Resolves when pods can be connected; services and names follow as soon as the API has told of them. */
  async start(): Promise<void> {
    const { settings, host, informers, logger, environment } = this.#options;
    const { bridge, tunnelLink } = networkNames(settings.clusterId);
    const podRange = await this.#ownRange();
    const gateway = addressAt(parseRange(podRange), 1);
    await this.#prepareKernel();
    await this.#makeBridge(bridge, gateway, podRange);
    await this.#keepAddresses(podRange);
    this.#routes = new PodRoutes({
      clusterId: settings.clusterId,
      nodeName: settings.nodeName,
      podRange,
      bridge,
      tunnelLink,
      informers,
      host,
      environment,
      logger,
      onMtu: (mtu) => this.#configurePods(bridge, podRange, mtu),
    });
    await this.#routes.start(this.#stop.signal);
    this.#forwarding = new ForwardPolicy({ host, environment, logger, bridge, clusterId: settings.clusterId });
    await this.#forwarding.start();
    this.#dns = new DnsThread({
      environment,
      logger,
      kubeconfig: settings.kubeconfig,
      domain: settings.domain,
      address: gateway,
      port: settings.dnsPort,
      resolvConf: settings.resolvConf,
    });
    await Promise.all([this.#proxy.start(this.#stop.signal), this.#dns.start()]);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the agent was stopped', 'AbortError'));
    await this.#proxy.stop();
    await this.#recorder.stop();
    await this.#addresses?.stop();
    await this.#forwarding?.stop();
    await this.#routes?.stop();
    await this.#dns?.stop();
  }

  /** The range that this node was given; it comes moments after the node has registered. */
  async #ownRange(): Promise<string> {
    const { settings, informers } = this.#options;
    const informer = informers.informer(nodes, { fieldSelector: `metadata.name=${settings.nodeName}` });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = ({ spec }: { spec?: { podCIDR?: string | undefined } | undefined }) => {
      if (spec?.podCIDR !== undefined) resolve(spec.podCIDR);
    };
    const detach = informer.addHandler({ added: look, updated: look });
    const abort = () => reject(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', abort, { once: true });
    try {
      return await promise;
    } finally {
      detach();
      this.#stop.signal.removeEventListener('abort', abort);
    }
  }

  /** Comes before pods can be connected. */
  async #keepAddresses(podRange: string): Promise<void> {
    const { settings, host, informers, environment, logger } = this.#options;
    const own = informers.informer(pods, { fieldSelector: `spec.nodeName=${settings.nodeName}` });
    await own.synced(this.#stop.signal);
    const directory = join(settings.directory, 'ipam', networkNames(settings.clusterId).cni);
    this.#addresses = new PodAddresses({
      files: host.files,
      environment,
      logger,
      directory,
      range: podRange,
      known: () => [...own.list()].flatMap(({ status }) => (hasEnded(status?.phase) ? [] : (status?.podIP ?? []))),
    });
    await this.#addresses.start();
  }

  /** Pods that are made from here on are connected in this way; those that run keep the size of packets they have. */
  async #configurePods(bridge: string, podRange: string, mtu: number): Promise<void> {
    const { settings, cniDirectory, host, logger } = this.#options;
    const configuration = cniConfiguration({
      name: networkNames(settings.clusterId).cni,
      bridge,
      podRange,
      ipamDirectory: join(settings.directory, 'ipam'),
      mtu,
    });
    await host.files.makeDirectory(cniDirectory, 0o755);
    await host.files.write(join(cniDirectory, '10-stuurman.conflist'), configuration, 0o644);
    logger.info('pods are connected', { bridge, podRange, mtu });
  }

  async #prepareKernel(): Promise<void> {
    const { host, logger } = this.#options;
    await host.sysctl('net.ipv4.ip_forward', '1');
    // Traffic between pods of one bridge must meet the rules for services too. The module may be built in, or not be there.
    await host.processes.run(['modprobe', 'br_netfilter'], { allowFailure: true }).catch(() => undefined);
    for (const [name, value] of [
      ['net.bridge.bridge-nf-call-iptables', '1'],
      ['fs.inotify.max_user_instances', '8192'],
      ['fs.inotify.max_user_watches', '524288'],
    ] as const) {
      await host
        .sysctl(name, value)
        .catch((err: unknown) => logger.warn('a kernel setting was not changed', { name, err }));
    }
  }

  async #makeBridge(bridge: string, gateway: string, podRange: string): Promise<void> {
    const { host } = this.#options;
    const { prefix } = parseRange(podRange);
    await host.ledger.add({ type: 'link', name: bridge });
    const ip = (...args: string[]) => host.processes.run(['ip', ...args], { allowFailure: true });
    await ip('link', 'add', bridge, 'type', 'bridge');
    await ip('address', 'add', `${gateway}/${prefix}`, 'dev', bridge);
    await host.processes.run(['ip', 'link', 'set', bridge, 'up']);
    // Addresses of services are translated on their way out, but programs of the node need a way to them first, and another cluster on
    // this machine sees by it that the range is taken.
    await ip('route', 'replace', this.#options.settings.serviceRange, 'dev', bridge);
  }
}

function hasEnded(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
