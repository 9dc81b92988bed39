import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../src/apiserver/api-server.ts';
import type { Client } from '../src/client/client.ts';
import { createInformerFactory } from '../src/client/informers/informer-factory.ts';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { silentLogger } from '../src/machinery/log.ts';
import { silentMetrics } from '../src/machinery/metrics.ts';
import { ServiceProxy } from '../src/network/proxy/service-proxy.ts';
import { LinuxHost } from '../src/node/host/linux/linux-host.ts';
import { builtInDefinitions } from '../src/resources/built-in.ts';
import type { EndpointSlice } from '../src/resources/schema/discovery-v1.generated.ts';
import { endpointSlices, namespaces, services } from '../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../src/store/memory/memory-store.ts';
import { admin, allowAll } from '../test/support/test-api-server.ts';

/**
 * How soon the kernel has what the API says of services: `node bench/service-proxy.ts [services] [changes]` as root. Runs with the real
 * nft in a network namespace of its own; an endpoint change is measured from its write to the end of the transaction that holds it.
 */
const inside = 'STUURMAN_BENCH_NAMESPACE';
const serviceCount = Number(process.argv[2] ?? 1_000);
const changeCount = Number(process.argv[3] ?? 300);
const perService = 3;
const namespace = 'bench';
const environment = new RealEnvironment();

const serviceAddress = (index: number) => `10.96.${index >> 8}.${index & 255}`;
/** Each change brings an address that was never there before. */
const endpointAddress = (number: number) => `10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;

function sliceOf(index: number, addresses: readonly string[]): EndpointSlice {
  return {
    metadata: { namespace, name: `s-${index}`, labels: { 'kubernetes.io/service-name': `s-${index}` } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

const addressesOf = (index: number) =>
  Array.from({ length: perService }, (_, at) => endpointAddress(index * perService + at));

async function makeServices(client: Client): Promise<void> {
  await client.create(namespaces, { metadata: { name: namespace } });
  for (let index = 0; index < serviceCount; index++) {
    const clusterIP = serviceAddress(index);
    const ports = [{ name: 'http', port: 80, targetPort: 8080, nodePort: index < 1_000 ? 30_000 + index : 0 }];
    await client.create(services, {
      metadata: { namespace, name: `s-${index}` },
      spec: { type: 'NodePort', clusterIP, clusterIPs: [clusterIP], ports },
    });
    await client.create(endpointSlices, sliceOf(index, addressesOf(index)));
  }
}

/** Tells when the kernel has taken a ruleset with a certain address in it. */
class WatchedHost {
  readonly #host: LinuxHost;
  readonly #waiting = new Map<string, () => void>();

  constructor(host: LinuxHost) {
    this.#host = host;
  }

  reached(address: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(address, resolve));
  }

  async nft(ruleset: string): Promise<void> {
    await this.#host.nft(ruleset);
    for (const [address, resolve] of this.#waiting) {
      if (!ruleset.includes(`${address} `)) continue;
      this.#waiting.delete(address);
      resolve();
    }
  }

  /** The rest of the machine as it is. */
  machine() {
    const { ledger, processes } = this.#host;
    return {
      ledger,
      processes,
      nft: (ruleset: string) => this.nft(ruleset),
      sysctl: (name: string, value: string) => this.#host.sysctl(name, value),
      info: () => this.#host.info(),
    };
  }
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'stuurman-bench-'));
  const store = new MemoryStore({ environment });
  const server = new ApiServer({
    environment,
    logger: silentLogger,
    definitions: builtInDefinitions,
    authorizers: [allowAll],
    admission: [],
    store,
  });
  await server.start();
  const client = server.client(admin, 'bench');
  await makeServices(client);
  const ledgerFile = join(directory, 'ledger.json');
  const host = new WatchedHost(await LinuxHost.open({ environment, dataDirectory: directory, ledgerFile }));
  const informers = createInformerFactory({ client, environment, logger: silentLogger });
  const memoryBefore = residentMegabytes();
  const began = performance.now();
  const proxy = new ServiceProxy({
    table: 'bench',
    bridge: 'br0',
    podRange: '10.128.0.0/9',
    clusterRange: '10.96.0.0/16',
    informers,
    host: host.machine(),
    environment,
    logger: silentLogger,
    metrics: silentMetrics,
    recorder: { event: () => {} },
    nodeName: 'bench',
  });
  await proxy.start();
  row(
    `start with ${serviceCount} services, ${perService} endpoints each`,
    `${(performance.now() - began).toFixed(0)} ms`,
  );
  row('memory that this took', `${(residentMegabytes() - memoryBefore).toFixed(0)} MB`);

  let fresh = serviceCount * perService;
  const change = async (index: number) => {
    const address = endpointAddress(fresh++);
    const reached = host.reached(address);
    const start = performance.now();
    await client.update(endpointSlices, sliceOf(index, [address, ...addressesOf(index).slice(1)]));
    await reached;
    return performance.now() - start;
  };
  const alone: number[] = [];
  for (let turn = 0; turn < changeCount; turn++) alone.push(await change((turn * 7) % serviceCount));
  report('endpoint change to kernel, one after the other', alone);
  const burst = await Promise.all(Array.from({ length: Math.min(100, serviceCount) }, (_, index) => change(index)));
  report('endpoint change to kernel, 100 at once', burst);
  const steady: Promise<number>[] = [];
  for (let turn = 0; turn < changeCount; turn++) {
    steady.push(change((turn * 11 + 100) % serviceCount));
    await environment.sleep(20);
  }
  report('endpoint change to kernel, 50 a second', await Promise.all(steady));

  await proxy.stop();
  await informers.stop();
  server.stop();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}

function residentMegabytes(): number {
  globalThis.gc?.();
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

function report(what: string, elapsedMs: readonly number[]): void {
  const sorted = elapsedMs.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);
  row(what, `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`);
}

function row(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(52)} ${figure}\n`);
}

if (process.env[inside] === undefined) {
  const args = ['--net', process.execPath, '--expose-gc', ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, [inside]: '1' } });
  process.exitCode = status ?? 1;
} else await main();
