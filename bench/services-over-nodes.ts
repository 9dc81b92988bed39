import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { ManyServices, perService, row } from './many-services.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

/**
 * How soon the kernels of all nodes have what the API says of services: `node bench/services-over-nodes.ts [nodes] [services] [changes]` as
 * root. A change is measured from its write until the kernel of the last node has told of it, with all that is between: server, agents
 * and their connections.
 */
const nodeCount = Number(process.argv[2] ?? 3);
const serviceCount = Number(process.argv[3] ?? 1_000);
const changeCount = Number(process.argv[4] ?? 300);
const patienceMs = 60_000;
const attempts = 12;
const environment = new RealEnvironment();
const cluster = new SpawnedCluster('/tmp/stuurman-bench-services', 7648, [
  ...['--runtime', 'containerd', '--nodes', `${nodeCount}`],
]);

/** Follows what a kernel tells of changes to the rules of the cluster. */
class Kernel {
  readonly #monitor: ChildProcess;
  readonly #waiting = new Map<string, () => void>();

  constructor(table: string, namespace: string | undefined) {
    const enter = namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`];
    const [program = '', ...args] = [...enter, 'nft', 'monitor', 'new'];
    const monitor = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#monitor = monitor;
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      if (!line.includes(table)) return;
      for (const [address] of line.matchAll(/\b10\.\d+\.\d+\.\d+\b/g)) {
        this.#waiting.get(address)?.();
        this.#waiting.delete(address);
      }
    });
  }

  reached(address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = environment.setTimer(patienceMs, () => reject(new Error(`a kernel did not tell of ${address}`)));
      this.#waiting.set(address, () => {
        deadline.cancel();
        resolve();
      });
    });
  }

  close(): void {
    this.#monitor.kill();
  }
}

async function main(): Promise<void> {
  await cluster.up();
  await cluster.nodesReady(nodeCount);
  const { client, close } = cluster.connect();
  const { id, serviceRange } = JSON.parse(readFileSync(join(cluster.directory, 'cluster.json'), 'utf8')) as {
    readonly id: string;
    readonly serviceRange: string;
  };
  const many = new ManyServices(client, serviceCount);
  await many.make(serviceRange.split('.').slice(0, 2).join('.'));
  const kernels = Array.from(
    { length: nodeCount },
    (_, index) => new Kernel(`stuurman-${id}`, index === 0 ? undefined : `st-${id}-${index + 1}`),
  );
  const reached = async (address: string) => void (await Promise.all(kernels.map((each) => each.reached(address))));
  row(`${nodeCount} nodes, ${serviceCount} services, ${perService} endpoints each`, '');
  await caughtUp(many, reached);
  await many.measure('endpoint change to the last kernel', changeCount, reached, (ms) => environment.sleep(ms));
  for (const kernel of kernels) kernel.close();
  close();
}

/** What was made before is behind a change in the queues of all nodes. A kernel that has much to tell at once loses some of it: then it is asked again. */
async function caughtUp(many: ManyServices, reached: (address: string) => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const told = many.change(attempt, reached).then(
      () => true,
      () => false,
    );
    if (await Promise.race([told, environment.sleep(patienceMs / attempts).then(() => false)])) return;
  }
  throw new Error('the kernels do not tell of changes');
}

try {
  await main();
} finally {
  await cluster.purge();
}
