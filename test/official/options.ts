import { parseArgs } from 'node:util';

export interface ConformanceOptions {
  readonly groups: readonly string[];
  readonly focus: RegExp | undefined;
  /** Only those that failed in the last run. */
  readonly failed: boolean;
  /** Only tests that are known to pass, so many of them (0: all); others the next time. */
  readonly passing: number | undefined;
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
  --failed          only tests that failed in the last run
  --passing COUNT   only tests of passing.txt, COUNT of them, others with each commit; 0: all
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
        failed: { type: 'boolean', default: false },
        passing: { type: 'string' },
        list: { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        parallel: { type: 'string', default: '2' },
        repeat: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
      },
    });
    if (values.resume && (values.failed || values.focus !== undefined || values.group.length > 0))
      throw new Error('--resume goes on with the tests of the last run, and takes no others');
    return {
      groups: values.group,
      focus: values.focus === undefined ? undefined : new RegExp(values.focus),
      failed: values.failed,
      passing: values.passing === undefined ? undefined : count('--passing', values.passing, 0),
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
