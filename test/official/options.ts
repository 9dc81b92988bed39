import { parseArgs } from 'node:util';

export interface ConformanceOptions {
  readonly groups: readonly string[];
  readonly focus: RegExp | undefined;
  /** A file with the names of tests, and only these. */
  readonly tests: string | undefined;
  /** Only those that failed in the last run. */
  readonly failed: boolean;
  /** Only tests that are known to pass, so many of them (0: all); others the next time. */
  readonly passing: number | undefined;
  /** Runs nothing where the suite is not built, or no test is known to pass. */
  readonly ifReady: boolean;
  readonly list: boolean;
  /** Goes on where the last run was ended. */
  readonly resume: boolean;
  readonly parallel: number;
  readonly repeat: number;
  /** Uses the cluster that an earlier run has left, and leaves it. */
  readonly keep: boolean;
}

export const usage = `npm run conformance [-- OPTION...]
  --group GROUP     only tests of a group, such as sig-apps (repeatable)
  --focus REGEX     only tests whose name matches
  --tests FILE      only tests whose names stand in a file, one in a line, as --list prints them
  --failed          only tests that failed in the last run
  --passing COUNT   only tests of passing.txt, COUNT of them, others with each commit; 0: all
  --if-ready        run nothing, and say so, where the suite is not built or passing.txt is empty
  --list            print the names of the tests, and run none
  --resume          go on where the last run was ended
  --parallel COUNT  so many tests at a time (default 2); serial ones come last, one at a time
  --repeat COUNT    run each so many times; three passes of three enter a test into passing.txt
  --keep            leave the cluster running, and use one that was left`;

/** Throws what is wrong, with the usage. */
export function parseOptions(args: readonly string[]): ConformanceOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        group: { type: 'string', multiple: true, default: [] },
        focus: { type: 'string' },
        tests: { type: 'string' },
        failed: { type: 'boolean', default: false },
        passing: { type: 'string' },
        'if-ready': { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        parallel: { type: 'string', default: '2' },
        repeat: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
      },
    });
    const { group, focus, tests, failed, passing } = values;
    const chosen = failed || group.length > 0 || [focus, tests, passing].some((each) => each !== undefined);
    if (values.resume && chosen)
      throw new Error('--resume goes on with the tests of the last run, and takes no others');
    return {
      groups: group,
      focus: focus === undefined ? undefined : new RegExp(focus),
      tests,
      failed,
      passing: passing === undefined ? undefined : count('--passing', passing, 0),
      ifReady: values['if-ready'],
      list: values.list,
      resume: values.resume,
      parallel: count('--parallel', values.parallel, 1),
      repeat: count('--repeat', values.repeat, 1),
      keep: values.keep,
    };
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${usage}`, { cause });
  }
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) throw new Error(`${option} takes a number from ${least} on, not "${text}"`);
  return value;
}
