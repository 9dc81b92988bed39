import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestResult } from './run-folder.ts';

/** So many passes in a row, in one run, enter a test. */
export const passesToEnter = 3;

const file = join(import.meta.dirname, 'passing.txt');
const emptyPasses = join(import.meta.dirname, 'empty-passes.txt');

/** The names of the tests that pass, and must go on passing. */
export function readPassing(): readonly string[] {
  return readTestNames(file);
}

/** The names of tests in a file, one in a line. */
export function readTestNames(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/**
 * Results without passes that prove nothing: tests of webhooks and versions return at once, as passed, where no custom resource can be
 * made. They come off the list when custom resources are served.
 */
export function provenResults(results: readonly TestResult[]): readonly TestResult[] {
  const empty = new Set(readTestNames(emptyPasses));
  return results.filter(({ test, outcome }) => outcome === 'failed' || !empty.has(test));
}

export function writePassing(tests: readonly string[]): void {
  writeFileSync(
    file,
    [...tests]
      .sort()
      .map((test) => `${test}\n`)
      .join(''),
  );
}

/** The tests that have run often enough and never failed. */
export function entrants(results: readonly TestResult[]): readonly string[] {
  const passes = new Map<string, number>();
  for (const { test, outcome } of results)
    passes.set(test, outcome === 'passed' ? (passes.get(test) ?? 0) + 1 : Number.NEGATIVE_INFINITY);
  return [...passes].flatMap(([test, count]) => (count >= passesToEnter ? [test] : []));
}

/** So many of the tests, spread over all of them, and others for another seed. 0 gives all. */
export function rotatingPart(tests: readonly string[], count: number, seed: string): readonly string[] {
  if (count === 0 || count >= tests.length) return tests;
  const rank = (test: string) => createHash('sha256').update(`${seed} ${test}`).digest('hex');
  const ranked = tests.map((test) => ({ test, rank: rank(test) })).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked.slice(0, count).map(({ test }) => test);
}
