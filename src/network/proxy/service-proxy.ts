import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';
import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Counter, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import type { Host } from '../../node/host/host.ts';
import type { Node, Pod, Service } from '../../resources/schema/core-v1.generated.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, nodes, pods, services } from '../../resources/schema/resource-types.generated.ts';
import { type DatagramFront, frontsOfHostPorts, frontsOfService, frontsToClean } from './datagram-fronts.ts';
import { FlowCleaner } from './flow-cleaner.ts';
import { hostPortRules, hostPorts } from './host-port-rules.ts';
import { portRules } from './port-rules.ts';
import { rememberedClients } from './remembered-clients.ts';
import { RuleTable } from './rule-table.ts';
import { type RulesetOptions, tableFrame } from './ruleset.ts';
import { ServiceHealth } from './service-health.ts';
import { localEndpointCount, servicePorts } from './service-table.ts';

export interface ServiceProxyOptions extends RulesetOptions {
  readonly informers: InformerFactory;
  readonly host: Pick<Host, 'nft' | 'sysctl' | 'ledger' | 'processes' | 'info'>;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
}

/** Changes that come within this time go to the kernel together. */
const gatherMs = 10;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

const serviceNameLabel = 'kubernetes.io/service-name';
const serviceIndex = 'service';
const zoneLabel = 'topology.kubernetes.io/zone';

/** What a service or a pod had when it was looked at last. */
interface Entry {
  /** In the table of rules. */
  readonly owners: readonly string[];
  readonly fronts: readonly DatagramFront[];
}

const nothing: Entry = { owners: [], fronts: [] };

/**
 * Keeps the kernel's rules for services, and for ports of the node that pods ask for, as the API says. Only what changed is sent; after a
 * failure, everything.
 */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #table: RuleTable;
  readonly #flows: FlowCleaner;
  readonly #health: ServiceHealth;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #pods: Informer<Pod>;
  readonly #node: Informer<Node>;
  readonly #entries = new Map<string, Entry>();
  /** Keys of what changed: `service namespace/name` and `pod namespace/name`. */
  readonly #dirty = new Set<string>();
  /** Where flows are to be looked at once the rules are in the kernel. */
  #fronts: DatagramFront[] = [];
  readonly #detach: (() => void)[] = [];
  readonly #syncs: Histogram;
  readonly #failures: Counter;
  /** Whether it is known what the kernel holds. */
  #known = false;
  #timer: Timer | undefined;
  #syncing: Promise<void> | undefined;
  #retryMs = firstRetryMs;
  #stopped = false;

  constructor(options: ServiceProxyOptions) {
    const { informers, nodeName, metrics, recorder } = options;
    this.#options = options;
    this.#table = new RuleTable(options.table, tableFrame(options));
    this.#flows = new FlowCleaner(options);
    this.#health = new ServiceHealth({
      ...options,
      healthy: () => this.#known,
      failed: (service, port, error) => {
        const [namespace, name] = service.split('/');
        const message = `node ${nodeName} failed to start healthcheck "${service}" on port ${port}: ${error.message}`;
        recorder.event({ kind: 'Service', namespace, name }, 'Warning', 'FailedToStartServiceHealthcheck', message);
      },
    });
    this.#services = informers.informer(services);
    this.#slices = informers.informer(endpointSlices, { indexes: { [serviceIndex]: serviceKeysOf } });
    this.#pods = informers.informer(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
    this.#node = informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` });
    this.#syncs = metrics
      .histogram({
        name: 'kubeproxy_sync_proxy_rules_duration_seconds',
        help: 'Time it takes to bring the rules for services up to date',
        buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
      })
      .with();
    this.#failures = metrics
      .counter({
        name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
        help: 'Rules that the kernel refused',
      })
      .with();
  }

  /** Resolves when the rules of all services that exist are in the kernel. */
  async start(signal?: AbortSignal): Promise<void> {
    const { host, table } = this.#options;
    const informers = [this.#services, this.#slices, this.#pods, this.#node];
    const touch =
      <T extends Service | Pod>(kind: string) =>
      ({ metadata }: T) =>
        this.#touch(`${kind} ${metadata.namespace}/${metadata.name}`);
    const touchSlice = (slice: EndpointSlice) => {
      for (const key of serviceKeysOf(slice)) this.#touch(`service ${key}`);
    };
    const service = touch<Service>('service');
    const pod = touch<Pod>('pod');
    this.#detach.push(
      this.#services.addHandler({ added: service, updated: service, deleted: service }),
      this.#slices.addHandler({
        added: touchSlice,
        updated: (slice, old) => {
          touchSlice(slice);
          touchSlice(old);
        },
        deleted: touchSlice,
      }),
      this.#pods.addHandler({ added: pod, updated: pod, deleted: pod }),
      this.#node.addHandler({
        updated: (node, old) => {
          if (zoneOf(node) === zoneOf(old)) return;
          for (const each of this.#services.list()) service(each);
        },
      }),
    );
    await Promise.all(informers.map((informer) => informer.synced(signal)));
    await host.ledger.add({ type: 'nftTable', family: 'ip', name: table });
    await host.sysctl('net.ipv4.conf.all.route_localnet', '1');
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#sync();
  }

  /** Resolves when the kernel has all that was heard of so far, and no flow leads astray. */
  async settled(): Promise<void> {
    while (this.#dirty.size > 0 || this.#syncing !== undefined) await this.#sync();
    await this.#flows.idle();
  }

  /** Ends following the API; the rules stay, so that traffic flows on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const detach of this.#detach) detach();
    this.#timer?.cancel();
    await this.#syncing;
    await this.#flows.idle();
    await this.#health.stop();
  }

  #touch(key: string): void {
    this.#dirty.add(key);
    if (this.#timer === undefined && this.#syncing === undefined && !this.#stopped) this.#arm(gatherMs);
  }

  #arm(delayMs: number): void {
    this.#timer = this.#options.environment.setTimer(delayMs, () => {
      this.#timer = undefined;
      void this.#sync();
    });
  }

  #sync(): Promise<void> {
    this.#syncing ??= this.#apply().finally(() => {
      this.#syncing = undefined;
      if (this.#dirty.size > 0 && this.#timer === undefined && !this.#stopped) this.#arm(gatherMs);
    });
    return this.#syncing;
  }

  async #apply(): Promise<void> {
    const { host, environment, logger } = this.#options;
    const started = environment.monotonic();
    this.#recompute();
    const how = this.#known ? 'changes' : 'whole';
    try {
      const rules = this.#known ? this.#table.changes(started) : await this.#whole();
      if (rules !== '') {
        await host.nft(rules);
        this.#syncs.observe((environment.monotonic() - started) / 1000);
      }
      this.#table.commit(how, environment.monotonic());
      this.#known = true;
      this.#retryMs = firstRetryMs;
      this.#flows.clean(this.#fronts.splice(0));
    } catch (error) {
      // Somebody else may have changed the table: next time, replace all of it.
      this.#known = false;
      this.#failures.add();
      logger.error('the rules for services were refused; they are replaced as a whole soon', {
        err: error,
        retryMs: this.#retryMs,
      });
      if (!this.#stopped) this.#arm(this.#retryMs);
      this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    }
  }

  async #whole(): Promise<string> {
    const { host, table } = this.#options;
    const rules = this.#table.whole();
    return rules + (await rememberedClients(host, table, this.#table.sets));
  }

  #recompute(): void {
    for (const key of this.#dirty) {
      const before = this.#entries.get(key) ?? nothing;
      const [kind, path = ''] = key.split(' ');
      const [namespace = '', name = ''] = path.split('/');
      const after = kind === 'pod' ? this.#podEntry(key, namespace, name) : this.#serviceEntry(path, namespace, name);
      for (const owner of before.owners) if (!after.owners.includes(owner)) this.#table.put(owner, undefined);
      this.#fronts.push(...frontsToClean(before.fronts, after.fronts));
      if (after === nothing) this.#entries.delete(key);
      else this.#entries.set(key, after);
    }
    this.#dirty.clear();
  }

  #serviceEntry(path: string, namespace: string, name: string): Entry {
    const { nodeName, podRange } = this.#options;
    const service = this.#services.get(name, namespace);
    const slices = [...this.#slices.byIndex(serviceIndex, path)];
    const localEndpoints = localEndpointCount(slices, nodeName);
    this.#health.set(path, service === undefined ? 0 : healthCheckPort(service), localEndpoints);
    if (service === undefined) return nothing;
    const ports = servicePorts(service, slices, { nodeName, zone: zoneOf(this.#node.get(nodeName)) });
    const owners = ports.map((port) => {
      const owner = `${port.key}/${port.protocol}`;
      this.#table.put(owner, portRules(port, podRange));
      return owner;
    });
    return { owners, fronts: ports.flatMap(frontsOfService) };
  }

  #podEntry(owner: string, namespace: string, name: string): Entry {
    const pod = this.#pods.get(name, namespace);
    const ports = pod === undefined ? [] : hostPorts(pod);
    if (ports.length === 0) return nothing;
    this.#table.put(owner, hostPortRules(ports));
    return { owners: [owner], fronts: frontsOfHostPorts(ports) };
  }
}

function zoneOf(node: Node | undefined): string {
  return node?.metadata.labels?.[zoneLabel] ?? '';
}

function healthCheckPort({ spec }: Service): number {
  const wanted = spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  return wanted ? (spec.healthCheckNodePort ?? 0) : 0;
}

function serviceKeysOf({ metadata }: EndpointSlice): readonly string[] {
  const name = metadata.labels?.[serviceNameLabel];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}
