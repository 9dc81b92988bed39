import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordInDocument } from './document.ts';
import { entrants, provenResults, readPassing, writePassing } from './ratchet.ts';
import type { RunFolder } from './run-folder.ts';
import { groupOf } from './suite.ts';
import { summarise, summaryTable, wholeGroups } from './summary.ts';

export interface Conclusion {
  readonly folder: RunFolder;
  /** Every test of the suite. */
  readonly all: readonly string[];
  /** What it ran on: of a run that was resumed, in its last part. */
  readonly commit: string;
  readonly interrupted: boolean;
  readonly say: (text: string) => void;
}

/** Writes the report, the ratchet and the document; answers the exit code: 1 when a test failed that has passed before. */
export function conclude({ folder, all, commit, interrupted, say }: Conclusion): number {
  const { path, plan } = folder;
  const results = folder.results();
  const proven = provenResults(results);
  const groups = summarise(plan.tests, proven);
  const before = readPassing();
  const failed = new Set(folder.failed());
  const fallen = before.filter((test) => failed.has(test));
  const entered = entrants(proven).filter((test) => !before.includes(test));
  if (entered.length > 0) writePassing([...before, ...entered]);
  const report = { ...plan, commit, interrupted, groups, fallen, entered, results };
  writeFileSync(join(path, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  const passing = readPassing();
  recordInDocument({
    groups: plan.sample ? [] : wholeGroups(groups, all, results),
    ratchet: (group) => passing.filter((test) => groupOf(test) === group).length,
    commit,
    date: plan.startedAt.slice(0, 10),
  });
  say(`\n${summaryTable(groups)}\n\nreport: ${join(path, 'report.json')}`);
  if (entered.length > 0) say(`entered into passing.txt: ${entered.length}`);
  for (const test of fallen) say(`FAILED, and has passed before: ${test}`);
  return fallen.length > 0 || interrupted ? 1 : 0;
}
