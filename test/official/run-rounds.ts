import { join } from 'node:path';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import type { LocalCluster } from '../real/local-cluster.ts';
import { FailureFolders, failureFolder } from './failure-folders.ts';
import { type Ginkgo, nameOf, type SpecReport } from './ginkgo.ts';
import { ProgressReader } from './progress-reader.ts';
import type { Outcome, RunFolder } from './run-folder.ts';
import { isSerial } from './suite.ts';
import { unusedPath } from './unused-path.ts';

export interface RoundsOptions {
  readonly environment: Environment;
  readonly cluster: LocalCluster;
  readonly folder: RunFolder;
  readonly ginkgo: Ginkgo;
  readonly paths: { readonly ginkgo: string; readonly suite: string };
  /** So many tests at a time. */
  readonly parallel: number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Runs what the plan asks for and has no result yet: in each round first what may run side by side, then the rest by itself. */
export async function runRounds(options: RoundsOptions): Promise<void> {
  const { folder, signal } = options;
  for (let round = 1; round <= folder.plan.repeat; round++) {
    const left = folder.left(round);
    for (const serial of [false, true]) {
      const tests = left.filter((test) => isSerial(test) === serial);
      if (tests.length === 0 || signal.aborted) continue;
      await runPart(options, round, serial, tests);
    }
  }
}

async function runPart(
  options: RoundsOptions,
  round: number,
  serial: boolean,
  tests: readonly string[],
): Promise<void> {
  const { cluster, folder, ginkgo, paths, parallel, say, signal } = options;
  const { repeat } = folder.plan;
  const of = repeat === 1 ? '' : `round ${round} of ${repeat}: `;
  say(`${of}${tests.length} tests, ${serial ? 'one at a time' : `${parallel} at a time`}`);
  let ended = 0;
  const heard = new Set<string>();
  const hear = (test: string, outcome: Outcome) => {
    // A test that was ended before its time has not failed.
    if (heard.has(test) || (signal.aborted && outcome === 'failed')) return;
    heard.add(test);
    ended += 1;
    folder.add({ round, test, outcome });
    say(`${String(ended).padStart(4)}/${tests.length}  ${outcome === 'passed' ? 'passed' : 'FAILED'}  ${test}`);
  };
  const reader = new ProgressReader(tests, hear);
  const specs = await ginkgo.run({
    ...paths,
    tests,
    procs: serial ? 1 : Math.min(parallel, tests.length),
    // A run that is resumed keeps what was written of its earlier part.
    folder: unusedPath(join(folder.path, `round-${round}-${serial ? 'serial' : 'parallel'}`)),
    flags: suiteFlags(cluster),
    onOutput: (text) => reader.read(text),
  });
  await collectFailures(options, specs);
  // Those of which nothing was written, say because of a panic.
  for (const spec of specs.filter(isTest)) {
    hear(nameOf(spec), spec.State === 'passed' ? 'passed' : 'failed');
  }
}

async function collectFailures({ environment, cluster, folder, say }: RoundsOptions, specs: readonly SpecReport[]) {
  const failed = specs.filter(({ State }) => State !== 'passed' && State !== 'interrupted');
  if (failed.length === 0) return;
  const folders = new FailureFolders({
    environment,
    kubectl: kubectl(),
    kubeconfig: cluster.kubeconfig,
    logs: join(cluster.directory, 'logs'),
  });
  for (const spec of failed) {
    const path = failureFolder(join(folder.path, 'failures'), nameOf(spec) || spec.LeafNodeType);
    await folders.collect(spec, path);
    say(`${path}`);
  }
  await folders.removeLeftNamespaces();
}

/** A report also has what is done before and after all tests. */
function isTest({ LeafNodeType }: SpecReport): boolean {
  return LeafNodeType === 'It';
}

function suiteFlags(cluster: LocalCluster): readonly string[] {
  return [
    ...['--provider=skeleton', `--kubeconfig=${cluster.kubeconfig}`, `--kubectl-path=${kubectl()}`],
    ...['--num-nodes=2', '--disable-log-dump', '--delete-namespace-on-failure=false'],
  ];
}

function kubectl(): string {
  return process.env['STUURMAN_KUBECTL'] ?? 'kubectl';
}
