import { expect, test } from 'vitest';
import { codeOnly, sourceFiles } from './source-files.ts';

/** Ways to read the clock, wait, yield or draw, each of which goes through `Environment`. */
const banned: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b/, 'environment.now()'],
  [/\bnew Date\(\s*\)/, 'new Date(environment.now())'],
  [/\bperformance\.now\b/, 'environment.monotonic()'],
  [/\bsetTimeout\s*\(/, 'environment.setTimer() or environment.sleep()'],
  [/\bsetInterval\s*\(/, 'environment.setTimer()'],
  [/\bsetImmediate\s*\(/, 'environment.turn()'],
  [/\bqueueMicrotask\s*\(/, 'environment.turn()'],
  [/\bprocess\.nextTick\b/, 'environment.turn()'],
  [/\bMath\.random\b/, 'environment.random()'],
  [/\brandomUUID\b/, 'environment.id()'],
  [/\brandomBytes\s*\(/, 'environment.randomBytes()'],
  [/\bAbortSignal\.timeout\b/, 'environment.deadline()'],
  [/\bnode:timers\b/, 'environment'],
];

/** Where the environments themselves are made. */
const home = 'src/machinery/environment/';

test('time and chance come from Environment', () => {
  const offences = sourceFiles('src')
    .filter((file) => !file.path.startsWith(home) && !file.path.endsWith('.test.ts'))
    .flatMap((file) =>
      codeOnly(file.text)
        .split('\n')
        .flatMap((line, index) =>
          banned
            .filter(([pattern]) => pattern.test(line.replaceAll(/\b\w*[eE]nvironment\.\w+/g, '')))
            .map(([pattern, instead]) => `${file.path}:${index + 1} uses ${pattern.source}: use ${instead}`),
        ),
    );
  expect(offences).toEqual([]);
});
