import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GroupSummary } from './summary.ts';

const file = join(import.meta.dirname, '..', '..', 'docs', 'conformance.md');

interface Row {
  readonly group: string;
  readonly tests: number;
  readonly passed: number;
  readonly ratchet: number;
  readonly commit: string;
  readonly date: string;
}

export interface Recorded {
  /** Of groups that ran as a whole; the rows of others stay. */
  readonly groups: readonly GroupSummary[];
  /** How many tests of a group are in the ratchet. */
  readonly ratchet: (group: string) => number;
  readonly commit: string;
  /** `2026-11-28` */
  readonly date: string;
}

/** Writes what a run found into `docs/conformance.md`. */
export function recordInDocument(recorded: Recorded): void {
  const rows = new Map((existsSync(file) ? parseRows(readFileSync(file, 'utf8')) : []).map((row) => [row.group, row]));
  const { commit, date } = recorded;
  for (const { group, tests, passed } of recorded.groups)
    rows.set(group, { group, tests, passed, ratchet: 0, commit, date });
  const current = [...rows.values()].map((row) => ({ ...row, ratchet: recorded.ratchet(row.group) }));
  writeFileSync(file, documentOf(current.sort((a, b) => (a.group < b.group ? -1 : 1))));
}

export function documentOf(rows: readonly Row[]): string {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [
    '# Conformance',
    '',
    'The official conformance suite of Kubernetes 1.37.1, on two nodes with real containers on one machine. Written by `npm run conformance`, a',
    'row when its group has run, at that commit or in parts up to it. The ratchet is `test/official/passing.txt`: tests that have passed three',
    'times of three in one run, and whose failure fails a run. Passes that prove nothing, of tests that give up at once where no custom',
    'resource can be made (`test/official/empty-passes.txt`), are not counted.',
    '',
    line(['group', 'tests', 'passed', 'in the ratchet', 'commit', 'date']),
    line(['---', '--:', '--:', '--:', '---', '---']),
    ...rows.map((row) => line([row.group, row.tests, row.passed, row.ratchet, row.commit, row.date])),
    line(['**all**', sum((row) => row.tests), sum((row) => row.passed), sum((row) => row.ratchet), '', '']),
    '',
  ].join('\n');
}

export function parseRows(text: string): readonly Row[] {
  const rows = text.matchAll(/^\| ([\w-]+) \| (\d+) \| (\d+) \| (\d+) \| (\w+) \| ([\d-]+) \|$/gm);
  return [...rows].map(([, group = '', tests, passed, ratchet, commit = '', date = '']) => ({
    group,
    tests: Number(tests),
    passed: Number(passed),
    ratchet: Number(ratchet),
    commit,
    date,
  }));
}
