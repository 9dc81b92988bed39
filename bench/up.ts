import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { median, SpawnedCluster } from './spawned-cluster.ts';

/**
 * How long a second `up` takes, and what an empty cluster holds in memory: `node bench/up.ts [simulated|containerd] [idle seconds]`.
 * `containerd` needs root.
 */
const runtime = process.argv[2] ?? 'simulated';
const idleSeconds = Number(process.argv[3] ?? 30);
const runs = 5;
const cluster = new SpawnedCluster('/tmp/stuurman-bench-up', 7643, ['--runtime', runtime]);
const row = (what: string, value: string) => process.stdout.write(`${what.padEnd(56)}${value.padStart(10)}\n`);
const answersMs: number[] = [];
const readyMs: number[] = [];
try {
  await cluster.up();
  await cluster.nodesReady(1);
  for (let run = 0; run < runs; run++) {
    await cluster.down();
    answersMs.push(await cluster.up());
    readyMs.push(await cluster.nodesReady(1));
  }
  row(`${runtime}: process start to API answers, median of ${runs}`, `${median(answersMs).toFixed(0)} ms`);
  row(`${runtime}: process start to node Ready, median of ${runs}`, `${median(readyMs).toFixed(0)} ms`);
  await new RealEnvironment().sleep(idleSeconds * 1000);
  row(`${runtime}: PSS of all Node processes, idle ${idleSeconds} s`, `${(cluster.pssBytes() / 1e6).toFixed(0)} MB`);
} finally {
  await cluster.purge();
}
