/** Indexes of an indexed job as ranges in order, neither overlapping nor adjacent. */
export type IndexRanges = readonly (readonly [first: number, last: number])[];

/** Reads `0,2-4`, as far as it is below `completions`. What cannot be understood is passed over. */
export function parseIndexRanges(text: string, completions: number): IndexRanges {
  const ranges: (readonly [number, number])[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const first = Number(match[1]);
    if (first >= completions) break;
    ranges.push([first, Math.min(Number(match[2] ?? first), completions - 1)]);
  }
  return mergeRanges(ranges, []);
}

/** `0,2-4`; two that are side by side are written as two. */
export function formatIndexRanges(ranges: IndexRanges): string {
  return ranges
    .map(([first, last]) => {
      if (first === last) return String(first);
      return `${first}${last === first + 1 ? ',' : '-'}${last}`;
    })
    .join(',');
}

/** The ranges that these indexes make. */
export function rangesOf(indexes: Iterable<number>): IndexRanges {
  const sorted = [...indexes].sort((a, b) => a - b).map((index) => [index, index] as const);
  return mergeRanges(sorted, []);
}

/** What is in either. Both are ordered. */
export function mergeRanges(one: IndexRanges, other: IndexRanges): IndexRanges {
  const result: (readonly [number, number])[] = [];
  const add = ([first, last]: readonly [number, number]) => {
    const before = result.at(-1);
    if (before === undefined || first > before[1] + 1) result.push([first, last]);
    else if (last > before[1]) result[result.length - 1] = [before[0], last];
  };
  let [at, otherAt] = [0, 0];
  for (;;) {
    const [left, right] = [one[at], other[otherAt]];
    if (left === undefined && right === undefined) return result;
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      if (left !== undefined) add(left);
      at += 1;
    } else {
      add(right);
      otherAt += 1;
    }
  }
}

export function countIndexes(ranges: IndexRanges): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function hasIndex(ranges: IndexRanges, index: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.[1] ?? 0) >= index) high = middle;
    else low = middle + 1;
  }
  return (ranges[low]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
}

/** How many indexes are in both. */
export function countCommon(one: IndexRanges, other: IndexRanges): number {
  let count = 0;
  let [at, otherAt] = [0, 0];
  for (;;) {
    const [left, right] = [one[at], other[otherAt]];
    if (left === undefined || right === undefined) return count;
    count += Math.max(0, Math.min(left[1], right[1]) - Math.max(left[0], right[0]) + 1);
    if (left[1] <= right[1]) at += 1;
    if (right[1] <= left[1]) otherAt += 1;
  }
}

/** The first `count` indexes below `completions` that are not in `taken`. */
export function firstFree(taken: IndexRanges, count: number, completions: number): readonly number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const [first, last] of [...taken, [completions, completions] as const]) {
    for (; candidate < Math.min(first, completions) && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}
