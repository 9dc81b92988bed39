import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { takeLock } from '../support/machine-lock.ts';
import { serveImages, startCluster } from './conformance-cluster.ts';
import { Ginkgo } from './ginkgo.ts';
import { GoPrograms } from './go-programs.ts';
import { makeImages } from './images/make-images.ts';
import { type ConformanceOptions, parseOptions } from './options.ts';
import { readPassing, readTestNames, rotatingPart } from './ratchet.ts';
import { conclude } from './report.ts';
import { RunFolder } from './run-folder.ts';
import { runRounds } from './run-rounds.ts';
import { groupOf, isSerial, Suite } from './suite.ts';

/** `npm run conformance`: the official suite of Kubernetes against a cluster of ours; see options.ts. */
const environment = new RealEnvironment();
const say = (text: string) => process.stderr.write(`${text}\n`);
const cacheDirectory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stuurman', 'official');
const runs = join(cacheDirectory, 'runs');

const silentWaitMs = 1000;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  mkdirSync(cacheDirectory, { recursive: true });
  const programs = new GoPrograms(environment, cacheDirectory, say);
  const missing = options.ifReady ? whatIsMissing(programs) : undefined;
  if (missing !== undefined) {
    say(`NOT RUN: the official suite, ${missing}`);
    return 0;
  }
  const suite = new Suite(environment, programs);
  const all = await suite.tests();
  const folder = options.resume ? RunFolder.last(runs) : undefined;
  if (options.resume && folder === undefined) throw new Error('there is no run to go on with');
  if (folder?.isComplete() === true) throw new Error(`nothing is left of the last run, ${folder.path}`);
  const tests = folder?.plan.tests ?? select(all, options);
  if (options.list) {
    process.stdout.write(tests.map((test) => `${test}\n`).join(''));
    return 0;
  }
  if (tests.length === 0) throw new Error('no test is named so; --list tells their names');
  requireRoot();
  const waiting = setTimeout(() => say('waiting for the run that goes on on this machine ...'), silentWaitMs);
  const giveBack = await takeLock('stuurman-conformance');
  clearTimeout(waiting);
  try {
    return await runOn(
      folder ??
        RunFolder.create(runs, {
          startedAt: new Date(environment.now()).toISOString(),
          commit: commit(),
          tests,
          repeat: options.repeat,
          sample: (options.passing ?? 0) > 0,
        }),
      { options, programs, suite, all },
    );
  } finally {
    giveBack();
  }
}

function whatIsMissing(programs: GoPrograms): string | undefined {
  if (!programs.allBuilt()) return 'which is not built here as this commit has it: npm run conformance';
  return readPassing().length === 0 ? 'of which no test is in test/official/passing.txt yet' : undefined;
}

interface Parts {
  readonly options: ConformanceOptions;
  readonly programs: GoPrograms;
  readonly suite: Suite;
  readonly all: readonly string[];
}

async function runOn(folder: RunFolder, { options, programs, suite, all }: Parts): Promise<number> {
  const ginkgo = new Ginkgo(cacheDirectory);
  ginkgo.endLeft();
  const paths = { ginkgo: await programs.ensure('ginkgo'), suite: await programs.ensure('e2e.test') };
  const interrupted = new AbortController();
  endOnSignals(interrupted, ginkgo);
  const ranOn = commit();
  const archives = await makeImages({ environment, programs, cacheDirectory, say }, await suite.images());
  programs.removeOld();
  const cluster = await startCluster(options.keep, say);
  try {
    const registry = await serveImages(cluster, archives);
    const { parallel } = options;
    await runRounds({ environment, cluster, folder, ginkgo, paths, parallel, say, signal: interrupted.signal });
    registry.close();
  } finally {
    if (!options.keep) await cluster.down('--purge');
  }
  return conclude({ folder, all, commit: ranOn, interrupted: interrupted.signal.aborted, say });
}

/** One Ctrl-C comes several times: from the terminal, and from each program that started this one. */
const oneInterruptMs = 1000;

/** The first ends the tests, then the cluster; a later one ends the tests at once. */
function endOnSignals(interrupted: AbortController, ginkgo: Ginkgo): void {
  let last = Number.NEGATIVE_INFINITY;
  const interrupt = () => {
    const now = environment.monotonic();
    if (now - last < oneInterruptMs) return;
    last = now;
    say('ending the tests that run, then the cluster ...');
    interrupted.abort();
    ginkgo.interrupt();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
}

function select(all: readonly string[], options: ConformanceOptions): readonly string[] {
  const { groups, focus, tests, failed, passing } = options;
  const known = new Set(all.map(groupOf));
  const unknown = groups.find((group) => !known.has(group));
  if (unknown !== undefined) throw new Error(`there is no group ${unknown}; there are ${[...known].sort().join(', ')}`);
  const last = failed ? new Set(failedLast()) : undefined;
  const listed = new Set(passing === undefined ? all : rotatingPart(readPassing(), passing, commit()));
  const named = tests === undefined ? undefined : new Set(readTestNames(tests));
  const stranger = [...(named ?? [])].find((name) => !all.includes(name));
  if (stranger !== undefined) throw new Error(`${tests} names a test that is not there: ${stranger}`);
  const chosen = all.filter(
    (test) =>
      listed.has(test) &&
      (named?.has(test) ?? true) &&
      (groups.length === 0 || groups.includes(groupOf(test))) &&
      (focus?.test(test) ?? true) &&
      (last?.has(test) ?? true),
  );
  return [...chosen.filter((test) => !isSerial(test)), ...chosen.filter(isSerial)];
}

function failedLast(): readonly string[] {
  const last = RunFolder.last(runs);
  if (last === undefined) throw new Error('there was no run in which a test could have failed');
  const failed = last.failed();
  if (failed.length === 0) throw new Error(`no test failed in the last run, ${last.path}`);
  return failed;
}

function requireRoot(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('the suite needs nodes with real containers, which need Linux and root');
}

function commit(): string {
  const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say((error as Error).message);
    process.exit(2);
  },
);
