import type { Environment } from '../../../machinery/environment/environment.ts';
import { RuntimeError, type Sandbox, type SandboxConfig, type SandboxStatus } from '../runtime.ts';
import { AddressPool } from './address-pool.ts';
import type { SimulatedContainer } from './simulated-container.ts';

export interface SimulatedSandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdAt: number;
  readonly ready: boolean;
  readonly address: string | undefined;
  readonly containers: Set<SimulatedContainer>;
}

/** While it is kept here. */
type Kept = { -readonly [Key in keyof SimulatedSandbox]: SimulatedSandbox[Key] };

/** The sandboxes of a node and their addresses. */
export class SimulatedSandboxes {
  readonly #environment: Pick<Environment, 'now'>;
  readonly #podCidr: string;
  readonly #addresses: AddressPool;
  readonly #all = new Map<string, Kept>();
  readonly #byAddress = new Map<string, SimulatedSandbox>();

  constructor(environment: Pick<Environment, 'now'>, podCidr: string) {
    this.#environment = environment;
    this.#podCidr = podCidr;
    this.#addresses = new AddressPool(podCidr);
  }

  /** Throws `RuntimeError` when there is one of that attempt, or no address left. */
  run(config: SandboxConfig, newId: () => string): string {
    const { metadata, hostNetwork } = config;
    for (const other of this.#all.values()) {
      const taken = other.config.metadata;
      if (taken.uid === metadata.uid && taken.attempt === metadata.attempt)
        throw new RuntimeError(
          'AlreadyExists',
          `sandbox ${metadata.name} attempt ${metadata.attempt} exists as ${other.id}`,
        );
    }
    const address = hostNetwork ? undefined : this.#addresses.take();
    if (address === undefined && !hostNetwork)
      throw new RuntimeError('Unknown', `failed to setup network for sandbox: no addresses left in ${this.#podCidr}`);
    const createdAt = this.#environment.now();
    const sandbox = { id: newId(), config, createdAt, ready: true, address, containers: new Set<SimulatedContainer>() };
    this.#all.set(sandbox.id, sandbox);
    if (address !== undefined) this.#byAddress.set(address, sandbox);
    return sandbox.id;
  }

  find(id: string): SimulatedSandbox | undefined {
    return this.#all.get(id);
  }

  /** Throws `RuntimeError` when there is none. */
  get(id: string): SimulatedSandbox {
    const sandbox = this.#all.get(id);
    if (sandbox === undefined) throw new RuntimeError('NotFound', `sandbox "${id}" not found`);
    return sandbox;
  }

  list(): readonly Sandbox[] {
    return [...this.#all.values()].map(sandboxOf);
  }

  status(id: string): SandboxStatus | undefined {
    const sandbox = this.#all.get(id);
    return sandbox && { ...sandboxOf(sandbox), ips: sandbox.address === undefined ? [] : [sandbox.address] };
  }

  /** Gives its address back; its containers are another's business. */
  stop(id: string): void {
    const sandbox = this.#all.get(id);
    if (sandbox === undefined) return;
    sandbox.ready = false;
    if (sandbox.address === undefined) return;
    this.#addresses.release(sandbox.address);
    this.#byAddress.delete(sandbox.address);
    sandbox.address = undefined;
  }

  stopAll(): void {
    for (const id of this.#all.keys()) this.stop(id);
  }

  remove(id: string): void {
    this.#all.delete(id);
  }

  /** Those that answer at an address; at one that no pod has, those on the network of the host. */
  at(address: string): readonly SimulatedSandbox[] {
    const sandbox = this.#byAddress.get(address);
    if (sandbox !== undefined) return [sandbox];
    return [...this.#all.values()].filter(({ config, ready }) => config.hostNetwork && ready);
  }
}

function sandboxOf({ id, config, ready, createdAt }: SimulatedSandbox): Sandbox {
  return { id, metadata: config.metadata, ready, createdAt, labels: config.labels, annotations: config.annotations };
}
