import type { Environment } from '../../machinery/environment/environment.ts';
import type { Gauge, MetricRegistry } from '../../machinery/metrics.ts';
import { KubeletFamilies } from './kubelet-families.ts';

export interface NodeStartLatencyOptions {
  readonly environment: Pick<Environment, 'now'>;
  /** When the machine was started, milliseconds since 1970. */
  readonly bootedAt: number;
}

/**
 * How long a machine takes from its start until it is a ready node, part by part. A node that the API had already tells nothing: it
 * did not come to be now.
 */
export class NodeStartLatency {
  readonly #options: NodeStartLatencyOptions;
  readonly #beforeAgent: Gauge;
  readonly #beforeRegistration: Gauge;
  readonly #registration: Gauge;
  readonly #afterRegistration: Gauge;
  readonly #whole: Gauge;
  readonly #startedAt: number;
  #attemptedAt: number | undefined;
  #registeredAt: number | undefined;
  #isReady = false;

  constructor(registry: MetricRegistry, options: NodeStartLatencyOptions) {
    const families = new KubeletFamilies(registry);
    const gauge = (name: string, help: string) => families.gauge(`node_startup_${name}duration_seconds`, help).with();
    this.#options = options;
    this.#startedAt = options.environment.now();
    this.#beforeAgent = gauge('pre_kubelet_', 'From the start of the machine to that of the agent');
    this.#beforeRegistration = gauge('pre_registration_', 'From the start of the agent until it asks to be registered');
    this.#registration = gauge('registration_', 'How long it took until the node was registered');
    this.#afterRegistration = gauge('post_registration_', 'From the registration of the node until it was ready');
    this.#whole = gauge('', 'From the start of the machine until the node was ready');
  }

  attempted(): void {
    this.#attemptedAt ??= this.#options.environment.now();
  }

  /** The node was created in the API. */
  registered(): void {
    if (this.#attemptedAt === undefined || this.#registeredAt !== undefined) return;
    const now = this.#options.environment.now();
    this.#registeredAt = now;
    this.#beforeAgent.set((this.#startedAt - this.#options.bootedAt) / 1000);
    this.#beforeRegistration.set((this.#attemptedAt - this.#startedAt) / 1000);
    this.#registration.set((now - this.#attemptedAt) / 1000);
  }

  /** The API has been told that the node is ready. */
  ready(): void {
    if (this.#registeredAt === undefined || this.#isReady) return;
    const now = this.#options.environment.now();
    this.#isReady = true;
    this.#afterRegistration.set((now - this.#registeredAt) / 1000);
    this.#whole.set((now - this.#options.bootedAt) / 1000);
  }
}
