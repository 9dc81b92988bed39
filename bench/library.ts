import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How long a cluster takes to be ready inside a program: `node bench/library.ts`. */

const runs = 20;
const coldRuns = 5;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function measure(times: number) {
  const beganMs = performance.now();
  const { createCluster } = await import('../src/testing.ts');
  const importMs = performance.now() - beganMs;
  const readyMs: number[] = [];
  const closedMs: number[] = [];
  for (let time = 0; time < times; time++) {
    const startMs = performance.now();
    const cluster = await createCluster();
    readyMs.push(performance.now() - startMs);
    const closeMs = performance.now();
    await cluster.close();
    closedMs.push(performance.now() - closeMs);
  }
  return { importMs, readyMs, closedMs };
}

if (process.argv[2] === 'cold') {
  const { importMs, readyMs } = await measure(1);
  process.stdout.write(JSON.stringify({ importMs, readyMs: readyMs[0] }));
} else {
  const cold = Array.from({ length: coldRuns }, () => {
    const text = execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'cold'], { encoding: 'utf8' });
    return JSON.parse(text) as { readonly importMs: number; readonly readyMs: number };
  });
  const { readyMs, closedMs } = await measure(runs + 1);
  const row = (what: string, ms: number) => `${what.padEnd(48)}${ms.toFixed(1).padStart(8)} ms`;
  const lines = [
    row(`import, fresh process (median of ${coldRuns})`, median(cold.map(({ importMs }) => importMs))),
    row(`first cluster of a process (median of ${coldRuns})`, median(cold.map((each) => each.readyMs))),
    row(`further clusters (median of ${runs})`, median(readyMs.slice(1))),
    row(`closing (median of ${runs})`, median(closedMs.slice(1))),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
