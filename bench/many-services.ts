import type { Client } from '../src/client/client.ts';
import type { EndpointSlice } from '../src/resources/schema/discovery-v1.generated.ts';
import { endpointSlices, namespaces, services } from '../src/resources/schema/resource-types.generated.ts';

const namespace = 'bench';
export const perService = 3;
const inFlight = 32;

const serviceAddress = (range: string, index: number) => `${range}.${index >> 8}.${index & 255}`;
/** Each change brings an address that was never there before. */
const endpointAddress = (number: number) => `10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;

/** Services without pods, whose endpoints are what the benchmark says. */
export class ManyServices {
  readonly #client: Client;
  readonly #count: number;
  #fresh: number;

  constructor(client: Client, count: number) {
    this.#client = client;
    this.#count = count;
    this.#fresh = count * perService;
  }

  /** `range`: the first two numbers of all cluster addresses. */
  async make(range: string): Promise<void> {
    const client = this.#client;
    await client.create(namespaces, { metadata: { name: namespace } });
    for (let from = 0; from < this.#count; from += inFlight) {
      const batch = Array.from({ length: Math.min(inFlight, this.#count - from) }, (_, at) => from + at);
      await Promise.all(batch.map((index) => this.#makeOne(range, index)));
    }
  }

  async #makeOne(range: string, index: number): Promise<void> {
    // A few addresses at the beginning are those of the cluster itself.
    const clusterIP = serviceAddress(range, index + 256);
    const ports = [{ name: 'http', port: 80, targetPort: 8080, ...(index < 1_000 && { nodePort: 30_000 + index }) }];
    await this.#client.create(services, {
      metadata: { namespace, name: `s-${index}` },
      spec: { type: index < 1_000 ? 'NodePort' : 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports },
    });
    await this.#client.create(endpointSlices, sliceOf(index, addressesOf(index)));
  }

  /** Changes an endpoint of a service. `reached` waits for an address; answers how long that took. */
  async change(turn: number, reached: (address: string) => Promise<void>): Promise<number> {
    const index = turn % this.#count;
    const address = endpointAddress(this.#fresh++);
    const arrived = reached(address);
    const start = performance.now();
    await this.#client.update(endpointSlices, sliceOf(index, [address, ...addressesOf(index).slice(1)]));
    await arrived;
    return performance.now() - start;
  }

  /** The three ways in which changes come, each with its figures. */
  async measure(
    what: string,
    changeCount: number,
    reached: (address: string) => Promise<void>,
    sleep: (delayMs: number) => Promise<void>,
  ): Promise<void> {
    const alone: number[] = [];
    for (let turn = 0; turn < changeCount; turn++) alone.push(await this.change(turn * 7, reached));
    report(`${what}, one after the other`, alone);
    const atOnce = Math.min(100, this.#count);
    report(
      `${what}, ${atOnce} at once`,
      await Promise.all(Array.from({ length: atOnce }, (_, at) => this.change(at, reached))),
    );
    const steady: Promise<number>[] = [];
    for (let turn = 0; turn < changeCount; turn++) {
      steady.push(this.change(turn * 11 + 100, reached));
      await sleep(20);
    }
    report(`${what}, 50 a second`, await Promise.all(steady));
  }
}

function sliceOf(index: number, addresses: readonly string[]): EndpointSlice {
  return {
    metadata: { namespace, name: `s-${index}`, labels: { 'kubernetes.io/service-name': `s-${index}` } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

function addressesOf(index: number): readonly string[] {
  return Array.from({ length: perService }, (_, at) => endpointAddress(index * perService + at));
}

function report(what: string, elapsedMs: readonly number[]): void {
  const sorted = elapsedMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);
  row(what, `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`);
}

export function row(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(60)} ${figure}\n`);
}
