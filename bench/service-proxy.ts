import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../src/apiserver/api-server.ts';
import { createInformerFactory } from '../src/client/informers/informer-factory.ts';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { silentLogger } from '../src/machinery/log.ts';
import { silentMetrics } from '../src/machinery/metrics.ts';
import { ServiceProxy } from '../src/network/proxy/service-proxy.ts';
import { LinuxHost } from '../src/node/host/linux/linux-host.ts';
import { builtInDefinitions } from '../src/resources/built-in.ts';
import { MemoryStore } from '../src/store/memory/memory-store.ts';
import { admin, allowAll } from '../test/support/test-api-server.ts';
import { ManyServices, perService, row } from './many-services.ts';

/**
 * How soon the kernel has what the API says of services: `node bench/service-proxy.ts [services] [changes]` as root. Runs with the real
 * nft in a network namespace of its own; an endpoint change is measured from its write to the end of the transaction that holds it.
 */
const inside = 'STUURMAN_BENCH_NAMESPACE';
const serviceCount = Number(process.argv[2] ?? 1_000);
const changeCount = Number(process.argv[3] ?? 300);
const environment = new RealEnvironment();

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
  const many = new ManyServices(client, serviceCount);
  await many.make('10.96');
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

  await many.measure(
    'endpoint change to kernel',
    changeCount,
    (address) => host.reached(address),
    (delayMs) => environment.sleep(delayMs),
  );

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

if (process.env[inside] === undefined) {
  const args = ['--net', process.execPath, '--expose-gc', ...process.argv.slice(1)];
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, [inside]: '1' } });
  process.exitCode = status ?? 1;
} else await main();
