import type { InformerFactory } from '../../client/informer.ts';
import type { Environment, Timer } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { Counter, Histogram, MetricRegistry } from '../../machinery/metrics.ts';
import type { Host } from '../../node/host/host.ts';
import type { EndpointSlice } from '../../resources/schema/discovery-v1.generated.ts';
import { endpointSlices, services } from '../../resources/schema/resource-types.generated.ts';
import { changedRules, type DesiredTraffic, desiredTraffic, fullRuleset, type RulesetOptions } from './ruleset.ts';
import { type ServicePort, servicePorts } from './service-table.ts';

export interface ServiceProxyOptions extends RulesetOptions {
  readonly informers: InformerFactory;
  readonly host: Host;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: MetricRegistry;
  readonly nodeName: string;
}

/** Changes that come within this time go to the kernel together. */
const gatherMs = 10;
const firstRetryMs = 500;
const longestRetryMs = 30_000;

const serviceNameLabel = 'kubernetes.io/service-name';
const serviceIndex = 'service';

/** Keeps the kernel's rules for services as the API says. Only what changed is sent; after a failure, everything. */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #byService = new Map<string, readonly ServicePort[]>();
  readonly #dirty = new Set<string>();
  readonly #detach: (() => void)[] = [];
  readonly #syncs: Histogram;
  readonly #failures: Counter;
  /** What the kernel holds; undefined when that is not known. */
  #applied: DesiredTraffic | undefined;
  #timer: Timer | undefined;
  #syncing: Promise<void> | undefined;
  #retryMs = firstRetryMs;
  #stopped = false;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#syncs = options.metrics
      .histogram({
        name: 'kubeproxy_sync_proxy_rules_duration_seconds',
        help: 'Time it takes to bring the rules for services up to date',
        buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
      })
      .with();
    this.#failures = options.metrics
      .counter({
        name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
        help: 'Rules that the kernel refused',
      })
      .with();
  }

  /** Resolves when the rules of all services that exist are in the kernel. */
  async start(signal?: AbortSignal): Promise<void> {
    const { informers, host, table } = this.#options;
    const serviceInformer = informers.informer(services);
    const sliceInformer = informers.informer(endpointSlices, { indexes: { [serviceIndex]: serviceKeysOf } });
    const touchService = ({ metadata }: { metadata: { namespace?: string | undefined; name?: string | undefined } }) =>
      this.#touch(`${metadata.namespace}/${metadata.name}`);
    const touchSlice = (slice: EndpointSlice) => {
      for (const key of serviceKeysOf(slice)) this.#touch(key);
    };
    this.#detach.push(
      serviceInformer.addHandler({ added: touchService, updated: touchService, deleted: touchService }),
      sliceInformer.addHandler({
        added: touchSlice,
        updated: (slice, old) => {
          touchSlice(slice);
          touchSlice(old);
        },
        deleted: touchSlice,
      }),
    );
    await Promise.all([serviceInformer.synced(signal), sliceInformer.synced(signal)]);
    await host.ledger.add({ type: 'nftTable', family: 'ip', name: table });
    await host.sysctl('net.ipv4.conf.all.route_localnet', '1');
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#sync();
  }

  /** Ends following the API; the rules stay, so that traffic flows on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const detach of this.#detach) detach();
    this.#timer?.cancel();
    await this.#syncing;
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
    const { host, table, environment, logger } = this.#options;
    const started = environment.monotonic();
    this.#recompute();
    const after = desiredTraffic([...this.#byService.values()].flat());
    const rules =
      this.#applied === undefined ? fullRuleset(this.#options, after) : changedRules(table, this.#applied, after);
    if (rules === '') return;
    try {
      await host.nft(rules);
      this.#applied = after;
      this.#retryMs = firstRetryMs;
      this.#syncs.observe((environment.monotonic() - started) / 1000);
    } catch (error) {
      // Somebody else may have changed the table: next time, replace all of it.
      this.#applied = undefined;
      this.#failures.add();
      logger.error('the rules for services were refused; they are replaced as a whole soon', {
        err: error,
        retryMs: this.#retryMs,
      });
      if (!this.#stopped) this.#arm(this.#retryMs);
      this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
    }
  }

  #recompute(): void {
    const { informers, nodeName } = this.#options;
    const serviceLister = informers.informer(services);
    const sliceLister = informers.informer(endpointSlices, { indexes: { [serviceIndex]: serviceKeysOf } });
    for (const key of this.#dirty) {
      const [namespace = '', name = ''] = key.split('/');
      const service = serviceLister.get(name, namespace);
      if (service === undefined) this.#byService.delete(key);
      else this.#byService.set(key, servicePorts(service, sliceLister.byIndex(serviceIndex, key), nodeName));
    }
    this.#dirty.clear();
  }
}

function serviceKeysOf({ metadata }: EndpointSlice): readonly string[] {
  const name = metadata.labels?.[serviceNameLabel];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}
