import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { virtualEnvironment } from '../support/environment.ts';
import { documentOf, parseRows } from './document.ts';
import { failureFolder, namespacesOf } from './failure-folders.ts';
import { focusOn, stepsOf } from './ginkgo.ts';
import { GoPrograms, versionFlags } from './go-programs.ts';
import { shortNames } from './images/suite-image.ts';
import { parseOptions } from './options.ts';
import { ProgressReader } from './progress-reader.ts';
import { entrants, provenResults, readPassing, rotatingPart } from './ratchet.ts';
import { groupOf, isSerial } from './suite.ts';
import { summarise, summaryTable, wholeGroups } from './summary.ts';

const result = (name: string, outcome: 'passed' | 'failed', round = 1) => ({ round, test: name, outcome }) as const;

describe('options', () => {
  test('have defaults', () => {
    expect(parseOptions([])).toMatchObject({ groups: [], failed: false, parallel: 2, repeat: 1, passing: undefined });
  });

  test.each([
    [['--parallel', '0'], '--parallel takes a number from 1 on, not "0"'],
    [['--repeat', 'x'], '--repeat takes a number from 1 on, not "x"'],
    [['--resume', '--group', 'sig-apps'], '--resume goes on with the tests of the last run'],
    [['--resume', '--passing', '30'], '--resume goes on with the tests of the last run'],
    [['--focus', '('], 'Invalid regular expression'],
    [['--nothing'], "Unknown option '--nothing'"],
  ])('%j is refused, with the usage', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
    expect(() => parseOptions(args)).toThrow('npm run conformance');
  });
});

test('groups and serial tests are known by their names', () => {
  expect(groupOf('[sig-node] Pods should be updated [Conformance]')).toBe('sig-node');
  expect(groupOf('[sig-api-machinery] Watchers')).toBe('sig-api-machinery');
  expect(groupOf('Something else')).toBe('other');
  expect(isSerial('[sig-apps] Daemon set [Serial] should run')).toBe(true);
  expect(isSerial('[sig-node] NoExecuteTaintManager [Disruptive]')).toBe(true);
  expect(isSerial('[sig-node] Pods should be updated')).toBe(false);
});

test('a focus matches exactly its tests', () => {
  const names = ['[sig-node] Pods should (a.b) run', '[sig-node] Pods should'];
  const focus = new RegExp(focusOn(names));
  for (const name of names) expect(focus.test(`Kubernetes e2e suite ${name}`)).toBe(true);
  expect(focus.test('[sig-node] Pods should be updated')).toBe(false);
  expect(focus.test('[sig-node] Pods should (axb) run')).toBe(false);
});

describe('what the suite writes', () => {
  const names = [
    '[sig-node] Pods should be updated',
    '[sig-node] Pods should be updated [Conformance]',
    '[sig-apps] Job runs',
  ];
  const dashes = '-'.repeat(30);
  const read = (text: string, chunkSize = text.length) => {
    const ended: string[] = [];
    const reader = new ProgressReader(names, (test, outcome) => ended.push(`${outcome} ${test}`));
    for (let at = 0; at < text.length; at += chunkSize) reader.read(text.slice(at, at + chunkSize));
    return ended;
  };

  test('where several tests run at a time', () => {
    const text = `${dashes}\n• [2.205 seconds]\n${names[1]} [sig-node, Conformance]\nfile.go:1\n${dashes}\n• [FAILED] [1.1 seconds]\n[sig-apps] Job [It] runs [sig-apps]\nfile.go:2\n`;
    expect(read(text)).toEqual([`passed ${names[1]}`, `failed ${names[2]}`]);
    expect(read(text, 7)).toEqual(read(text));
  });

  test('where one runs at a time', () => {
    const text = `${dashes}\n${names[0]} [sig-node]\nfile.go:1\n  STEP: a\n• [2.048 seconds]\n${dashes}\n[sig-apps] Job runs\n• [FAILED] [3.000 seconds]\n[sig-apps] Job [It] runs\n`;
    expect(read(text)).toEqual([`passed ${names[0]}`, `failed ${names[2]}`]);
  });

  test('before and after all tests is nothing', () => {
    expect(
      read(`${dashes}\n[SynchronizedBeforeSuite] PASSED [0.012 seconds]\n[SynchronizedBeforeSuite]\n• • [1 s\n`),
    ).toEqual([]);
  });

  test('its steps, and by them its namespaces', () => {
    const said = (type: string, message: string) => ({
      SpecEventType: type,
      Message: message,
      TimelineLocation: { Time: '2026-11-28T05:00:49Z' },
    });
    const collecting = 'Collecting events from namespace "pods-1".';
    const steps = stepsOf({
      ...{ ContainerHierarchyTexts: null, LeafNodeText: '', LeafNodeType: 'It', State: 'failed' },
      ...{ StartTime: '', EndTime: '', RunTime: 0 },
      SpecEvents: [
        said('Node', 'Destroying namespace "no-step"'),
        said('By', 'Creating a pod'),
        said('By', collecting),
        said('By', collecting),
        said('By', 'Destroying namespace "x-2" for this suite.'),
      ],
    });
    expect(steps).toHaveLength(4);
    expect(steps[0]).toBe('2026-11-28T05:00:49Z Creating a pod');
    expect(namespacesOf(steps)).toEqual(['pods-1', 'x-2']);
  });
});

describe('the ratchet', () => {
  test('takes in what passed three times and never failed', () => {
    const rounds = [1, 2, 3];
    const results = rounds.flatMap((round) => [
      result('a', 'passed', round),
      result('b', round === 1 ? 'failed' : 'passed', round),
      ...(round < 3 ? [result('c', 'passed', round)] : []),
    ]);
    expect(entrants(results)).toEqual(['a']);
    expect(entrants([...results, result('b', 'passed', 4)])).toEqual(['a']);
  });

  test('takes in no pass that proves nothing, and hears of its failure', () => {
    const idle =
      '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource [Conformance]';
    const real = [result('a', 'passed'), result(idle, 'failed')];
    expect(provenResults([...real, result(idle, 'passed', 2)])).toEqual(real);
    expect(provenResults(readPassing().map((name) => result(name, 'passed')))).toHaveLength(readPassing().length);
  });

  test('gives parts that differ, each of the size asked for', () => {
    const tests = Array.from({ length: 50 }, (_, index) => `test ${index}`);
    const part = rotatingPart(tests, 10, 'abc');
    expect(new Set(part).size).toBe(10);
    expect(rotatingPart(tests, 10, 'abc')).toEqual(part);
    expect(rotatingPart(tests, 10, 'abd')).not.toEqual(part);
    expect(rotatingPart(tests, 0, 'abc')).toEqual(tests);
  });

  test('is in order, and names a test once', () => {
    const passing = readPassing();
    expect(passing).toEqual([...new Set(passing)].sort());
    for (const each of passing) expect(each).toMatch(/^\[sig-.*\[Conformance\]/);
  });
});

test('a summary counts by group, and a test that failed once as failed', () => {
  const tests = ['[sig-node] a', '[sig-node] b', '[sig-apps] c', '[sig-apps] d'];
  const groups = summarise(tests, [
    result('[sig-node] a', 'passed'),
    result('[sig-node] b', 'failed'),
    result('[sig-node] b', 'passed', 2),
    result('[sig-apps] c', 'passed'),
  ]);
  expect(groups).toEqual([
    { group: 'sig-apps', tests: 2, passed: 1, failed: 0 },
    { group: 'sig-node', tests: 2, passed: 1, failed: 1 },
  ]);
  expect(summaryTable(groups).split('\n').at(-1)).toMatch(/^all +4 +2 +1 +1$/);
});

test('a group is whole when each of its tests has run, in whatever round', () => {
  const all = ['[sig-node] a', '[sig-node] b', '[sig-apps] c'];
  const results = [result('[sig-node] a', 'passed'), result('[sig-apps] c', 'failed')];
  const whole = (more: typeof results) => {
    const ran = [...results, ...more];
    return wholeGroups(summarise(all, ran), all, ran).map(({ group }) => group);
  };
  expect(whole([])).toEqual(['sig-apps']);
  expect(whole([result('[sig-node] b', 'passed', 2)])).toEqual(['sig-apps', 'sig-node']);
});

test('the rows of the document are read as they were written', () => {
  const row = { group: 'sig-node', tests: 104, passed: 90, ratchet: 80, commit: 'abc1234', date: '2026-11-28' };
  const rows = [row, { ...row, group: 'sig-apps' }];
  expect(parseRows(documentOf(rows))).toEqual(rows);
  const written = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
  expect(documentOf(parseRows(written))).toBe(written);
});

test('names of images and folders', () => {
  expect(shortNames('host/e2e-test-images/agnhost:2.66.1')).toEqual({
    path: 'e2e-test-images/agnhost',
    repository: 'agnhost',
    tagged: 'agnhost-2.66.1',
  });
  expect(failureFolder('/nowhere', '[sig-node] Pods should (a) [NodeConformance] [Conformance]')).toBe(
    '/nowhere/sig-node-pods-should-a',
  );
});

describe('programs of Go', () => {
  test('are told the version of the suite', () => {
    const flags = versionFlags('require (\n\tk8s.io/api v0.38.3\n\tk8s.io/kubernetes v1.38.3\n)\n');
    expect(flags.match(/\w+=\S+/g)).toEqual(['gitVersion=v1.38.3', 'gitMajor=1', 'gitMinor=38']);
    expect(() => versionFlags('module x')).toThrow('go.mod names no version');
  });

  test('of other states are removed, but for those that were used last', () => {
    const cache = mkdtempSync(join(tmpdir(), 'stuurman-programs-'));
    onTestFinished(() => rmSync(cache, { recursive: true }));
    const programs = new GoPrograms(virtualEnvironment(1), cache, () => {});
    const [own, other, old] = [`programs-${programs.key}`, 'programs-1', 'programs-2'];
    for (const [index, name] of [own, old, other].entries()) {
      mkdirSync(join(cache, name));
      utimesSync(join(cache, name), index, index);
    }
    mkdirSync(join(cache, 'images'));
    programs.removeOld();
    expect(readdirSync(cache).sort()).toEqual(['images', own, other].sort());
  });
});
