import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RunFolder, type RunPlan } from './run-folder.ts';
import { unusedPath } from './unused-path.ts';

function parentFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stuurman-runs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const plan: RunPlan = {
  startedAt: '2026-11-28T05:00:00.000Z',
  commit: 'abc1234',
  tests: ['a', 'b'],
  repeat: 2,
  sample: false,
};

test('a run that was killed is gone on with where it was', () => {
  const parent = parentFolder();
  const begun = RunFolder.create(parent, plan);
  begun.add({ round: 1, test: 'a', outcome: 'passed' });
  begun.add({ round: 1, test: 'b', outcome: 'failed' });
  begun.add({ round: 2, test: 'b', outcome: 'passed' });
  appendFileSync(join(begun.path, 'results.jsonl'), '\n{"round":2,"test":"a","outc');
  const resumed = RunFolder.last(parent);
  expect(resumed?.plan).toEqual(plan);
  expect([resumed?.left(1), resumed?.left(2), resumed?.isComplete()]).toEqual([[], ['a'], false]);
  expect(resumed?.failed()).toEqual(['b']);
  resumed?.add({ round: 2, test: 'a', outcome: 'passed' });
  expect(resumed?.isComplete()).toBe(true);
});

test('the last runs are kept', () => {
  const parent = parentFolder();
  for (let second = 10; second < 30; second++)
    RunFolder.create(parent, { ...plan, startedAt: `2026-11-28T05:00:${second}.000Z` });
  expect(readdirSync(parent).length).toBeLessThan(13);
  expect(RunFolder.last(parent)?.plan.startedAt).toContain(':29.');
});

test('nothing is written over what is there', () => {
  const parent = parentFolder();
  const used = RunFolder.create(parent, plan).path;
  expect(unusedPath(used)).toBe(`${used}-2`);
  expect(unusedPath(join(parent, 'free'))).toBe(join(parent, 'free'));
});
