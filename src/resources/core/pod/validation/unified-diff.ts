const contextLines = 3;
/** Beyond this many pairs of lines the whole changed part is shown as replaced: a message is not worth more work. */
const maxPairs = 4_000_000;

type Change = readonly [sign: ' ' | '-' | '+', line: string];

interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly changes: readonly Change[];
}

/** The differences between two texts as `diff -u` writes them, without the names of files. */
export function unifiedDiff(oldText: string, newText: string): string {
  const changes = compareLines(oldText.split('\n'), newText.split('\n'));
  return hunksOf(changes).map(hunkText).join('');
}

function compareLines(oldLines: readonly string[], newLines: readonly string[]): readonly Change[] {
  let start = 0;
  const shorter = Math.min(oldLines.length, newLines.length);
  while (start < shorter && oldLines[start] === newLines[start]) start++;
  let end = 0;
  while (end < shorter - start && oldLines.at(-1 - end) === newLines.at(-1 - end)) end++;
  const same = (line: string): Change => [' ', line];
  return [
    ...oldLines.slice(0, start).map(same),
    ...compareMiddle(oldLines.slice(start, oldLines.length - end), newLines.slice(start, newLines.length - end)),
    ...oldLines.slice(oldLines.length - end).map(same),
  ];
}

/** By the longest common subsequence; of equally long ones, lines go before others come. */
function compareMiddle(oldLines: readonly string[], newLines: readonly string[]): readonly Change[] {
  const width = newLines.length + 1;
  if (oldLines.length * width > maxPairs) {
    return [...oldLines.map((line): Change => ['-', line]), ...newLines.map((line): Change => ['+', line])];
  }
  const lengths = new Uint32Array((oldLines.length + 1) * width);
  const at = (row: number, column: number) => lengths[row * width + column] ?? 0;
  for (let row = oldLines.length - 1; row >= 0; row--)
    for (let column = newLines.length - 1; column >= 0; column--)
      lengths[row * width + column] =
        oldLines[row] === newLines[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  const changes: Change[] = [];
  let [row, column] = [0, 0];
  while (row < oldLines.length || column < newLines.length) {
    const [oldLine, newLine] = [oldLines[row], newLines[column]];
    if (oldLine !== undefined && oldLine === newLine) {
      changes.push([' ', oldLine]);
      [row, column] = [row + 1, column + 1];
    } else if (oldLine !== undefined && at(row + 1, column) >= at(row, column + 1)) {
      changes.push(['-', oldLine]);
      row++;
    } else {
      changes.push(['+', newLine ?? '']);
      column++;
    }
  }
  return changes;
}

function hunksOf(changes: readonly Change[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  const changed = changes.flatMap(([sign], index) => (sign === ' ' ? [] : [index]));
  let first = 0;
  while (first < changed.length) {
    let last = first;
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= 2 * contextLines + 1) last++;
    const from = Math.max(0, (changed[first] ?? 0) - contextLines);
    const before = changes.slice(0, from);
    hunks.push({
      oldStart: before.filter(([sign]) => sign !== '+').length + 1,
      newStart: before.filter(([sign]) => sign !== '-').length + 1,
      changes: changes.slice(from, (changed[last] ?? 0) + contextLines + 1),
    });
    first = last + 1;
  }
  return hunks;
}

function hunkText({ oldStart, newStart, changes }: Hunk): string {
  const oldCount = changes.filter(([sign]) => sign !== '+').length;
  const newCount = changes.filter(([sign]) => sign !== '-').length;
  const lines = changes.map(([sign, line]) => `${sign}${line}\n`);
  return `@@ -${oldStart},${oldCount} +${newStart},${newCount} @@\n${lines.join('')}`;
}
