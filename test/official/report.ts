import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordInDocument } from './document.ts';
import { entrants, provenResults, readPassing, writePassing } from './ratchet.ts';
import type { RunFolder } from './run-folder.ts';
import { groupOf } from './suite.ts';
import { summarise, summaryTable } from './summary.ts';

/** Writes the report, the ratchet and the document; answers the exit code: 1 when a test failed that has passed before. */
export function conclude(
  folder: RunFolder,
  all: readonly string[],
  interrupted: boolean,
  say: (text: string) => void,
): number {
  const { path, plan } = folder;
  const results = folder.results();
  const proven = provenResults(results);
  const groups = summarise(plan.tests, proven);
  const before = readPassing();
  const failed = new Set(folder.failed());
  const fallen = before.filter((test) => failed.has(test));
  const entered = entrants(proven).filter((test) => !before.includes(test));
  if (entered.length > 0) writePassing([...before, ...entered]);
  const report = { ...plan, interrupted, groups, fallen, entered, results };
  writeFileSync(join(path, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  const ran = new Set(results.map(({ test }) => test));
  const whole = groups.filter(({ group }) => all.every((test) => groupOf(test) !== group || ran.has(test)));
  const passing = readPassing();
  recordInDocument({
    groups: whole,
    ratchet: (group) => passing.filter((test) => groupOf(test) === group).length,
    commit: plan.commit,
    date: plan.startedAt.slice(0, 10),
  });
  say(`\n${summaryTable(groups)}\n\nreport: ${join(path, 'report.json')}`);
  if (entered.length > 0) say(`entered into passing.txt: ${entered.length}`);
  for (const test of fallen) say(`FAILED, and has passed before: ${test}`);
  return fallen.length > 0 || interrupted ? 1 : 0;
}
