import { quote } from '../../machinery/go-text.ts';

export interface Problem {
  readonly problem: string;
}

type Interval = readonly [first: number, last: number];

/** How many indexes a text like `1,3-5` names, all of them below `completions`; or what is wrong with it. */
export function checkIndexes(text: string, completions: number): number | Problem {
  if (text === '') return 0;
  let total = 0;
  let previous = -1;
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    if (isProblem(interval)) return interval;
    const [first, last] = interval;
    if (total > 0 && previous >= first) return notIncreasing(previous, first);
    total += last - first + 1;
    previous = last;
  }
  return total;
}

/** What is wrong when an index is in both; what cannot be read is passed over. */
export function overlapOfIndexes(completed: string, failed: string, completions: number): Problem | undefined {
  const ofCompleted = readable(completed, completions);
  const ofFailed = readable(failed, completions);
  let [at, other] = [0, 0];
  for (;;) {
    const [one, two] = [ofCompleted[at], ofFailed[other]];
    if (one === undefined || two === undefined) return undefined;
    if (one[0] <= two[1] && two[0] <= one[1]) {
      const index = Math.max(one[0], two[0]);
      return { problem: `failedIndexes and completedIndexes overlap at index: ${index}` };
    }
    if (one[0] <= two[0]) at += 1;
    else other += 1;
  }
}

function readable(text: string, completions: number): readonly Interval[] {
  if (text === '') return [];
  return text
    .split(',')
    .map((part) => parseInterval(part, completions))
    .filter((interval): interval is Interval => !isProblem(interval));
}

function parseInterval(part: string, completions: number): Interval | Problem {
  const limits = part.split('-');
  if (limits.length > 2)
    return {
      problem: `the fragment ${quote(part)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    };
  const values: number[] = [];
  for (const limit of limits) {
    if (!/^[+-]?\d+$/.test(limit)) return { problem: `cannot convert string to integer for index: ${quote(limit)}` };
    if (Number(limit) >= completions) return { problem: `too large index: ${quote(limit)}` };
    values.push(Number(limit));
  }
  const [first = 0, last = first] = values;
  return limits.length === 2 && first >= last ? notIncreasing(first, last) : [first, last];
}

function notIncreasing(previous: number, current: number): Problem {
  return { problem: `non-increasing order, previous: ${previous}, current: ${current}` };
}

export function isProblem(checked: Interval | number | Problem): checked is Problem {
  return typeof checked === 'object' && 'problem' in checked;
}
