import type { TestResult } from './run-folder.ts';
import { groupOf } from './suite.ts';

/** What came of the tests of a group: one counts as passed when it passed every time it ran. */
export interface GroupSummary {
  readonly group: string;
  /** As many as were asked for. */
  readonly tests: number;
  readonly passed: number;
  readonly failed: number;
}

/** By group, in the order of their names. */
export function summarise(tests: readonly string[], results: readonly TestResult[]): readonly GroupSummary[] {
  const ran = new Set(results.map(({ test }) => test));
  const failed = new Set(results.flatMap(({ test, outcome }) => (outcome === 'failed' ? [test] : [])));
  return [...Map.groupBy(tests, groupOf)]
    .map(([group, members]) => ({
      group,
      tests: members.length,
      passed: members.filter((test) => ran.has(test) && !failed.has(test)).length,
      failed: members.filter((test) => failed.has(test)).length,
    }))
    .sort((a, b) => (a.group < b.group ? -1 : 1));
}

/** Those of which every test has run. */
export function wholeGroups(
  groups: readonly GroupSummary[],
  all: readonly string[],
  results: readonly TestResult[],
): readonly GroupSummary[] {
  const ran = new Set(results.map(({ test }) => test));
  return groups.filter(({ group }) => all.every((test) => groupOf(test) !== group || ran.has(test)));
}

/** One table for the terminal, with the sum below. */
export function summaryTable(groups: readonly GroupSummary[]): string {
  const sum = (of: (group: GroupSummary) => number) => groups.reduce((total, group) => total + of(group), 0);
  const total = {
    group: 'all',
    tests: sum((g) => g.tests),
    passed: sum((g) => g.passed),
    failed: sum((g) => g.failed),
  };
  const row = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(24) : String(cell).padStart(8))).join('');
  return [
    row(['GROUP', 'TESTS', 'PASSED', 'FAILED', 'NOT RUN']),
    ...[...groups, total].map((g) => row([g.group, g.tests, g.passed, g.failed, g.tests - g.passed - g.failed])),
  ].join('\n');
}
