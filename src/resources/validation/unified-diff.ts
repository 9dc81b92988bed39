const contextLines = 3;
/** In long texts, lines that make up more than a hundredth of them say nothing about where one is. */
const longText = 200;

type Change = readonly [sign: ' ' | '-' | '+', line: string];

interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly changes: readonly Change[];
}

/**
 * The differences between two texts as `diff -u` writes them, without the names of files. What counts as moved and what as
 * changed is decided as Ratcliff and Obershelp do, by the longest common run of lines first: so do Python's difflib and
 * the library that Kubernetes uses, whose messages show it.
 */
export function unifiedDiff(oldText: string, newText: string): string {
  const changes = new LineMatcher(oldText.split('\n'), newText.split('\n')).changes();
  return hunksOf(changes).map(hunkText).join('');
}

interface Block {
  readonly oldStart: number;
  readonly newStart: number;
  readonly length: number;
}

class LineMatcher {
  readonly #old: readonly string[];
  readonly #new: readonly string[];
  /** Where each line stands in the new text. */
  readonly #places = new Map<string, number[]>();

  constructor(oldLines: readonly string[], newLines: readonly string[]) {
    this.#old = oldLines;
    this.#new = newLines;
    for (const [index, line] of newLines.entries()) {
      const places = this.#places.get(line);
      if (places === undefined) this.#places.set(line, [index]);
      else places.push(index);
    }
    if (newLines.length < longText) return;
    const most = Math.floor(newLines.length / 100) + 1;
    for (const [line, places] of this.#places) if (places.length > most) this.#places.delete(line);
  }

  changes(): readonly Change[] {
    const changes: Change[] = [];
    let [oldAt, newAt] = [0, 0];
    const end = { oldStart: this.#old.length, newStart: this.#new.length, length: 0 };
    for (const block of [...this.#blocks(0, this.#old.length, 0, this.#new.length), end]) {
      for (const line of this.#old.slice(oldAt, block.oldStart)) changes.push(['-', line]);
      for (const line of this.#new.slice(newAt, block.newStart)) changes.push(['+', line]);
      oldAt = block.oldStart + block.length;
      newAt = block.newStart + block.length;
      for (const line of this.#old.slice(block.oldStart, oldAt)) changes.push([' ', line]);
    }
    return changes;
  }

  #blocks(oldLow: number, oldHigh: number, newLow: number, newHigh: number): readonly Block[] {
    const block = this.#longest(oldLow, oldHigh, newLow, newHigh);
    if (block.length === 0) return [];
    return [
      ...this.#blocks(oldLow, block.oldStart, newLow, block.newStart),
      block,
      ...this.#blocks(block.oldStart + block.length, oldHigh, block.newStart + block.length, newHigh),
    ];
  }

  /** The longest common run; of equally long ones the first in the old text, and of those the first in the new. */
  #longest(oldLow: number, oldHigh: number, newLow: number, newHigh: number): Block {
    let best: Block = { oldStart: oldLow, newStart: newLow, length: 0 };
    let lengths = new Map<number, number>();
    for (let oldAt = oldLow; oldAt < oldHigh; oldAt++) {
      const next = new Map<number, number>();
      for (const newAt of this.#places.get(this.#old[oldAt] ?? '') ?? []) {
        if (newAt < newLow) continue;
        if (newAt >= newHigh) break;
        const length = (lengths.get(newAt - 1) ?? 0) + 1;
        next.set(newAt, length);
        if (length > best.length) best = { oldStart: oldAt - length + 1, newStart: newAt - length + 1, length };
      }
      lengths = next;
    }
    return this.#extended(best, oldLow, oldHigh, newLow, newHigh);
  }

  /** With the lines around that were too common to start from. */
  #extended(
    { oldStart, newStart, length }: Block,
    oldLow: number,
    oldHigh: number,
    newLow: number,
    newHigh: number,
  ): Block {
    let [before, after] = [0, 0];
    while (
      oldStart - before > oldLow &&
      newStart - before > newLow &&
      this.#old[oldStart - before - 1] === this.#new[newStart - before - 1]
    )
      before++;
    while (
      oldStart + length + after < oldHigh &&
      newStart + length + after < newHigh &&
      this.#old[oldStart + length + after] === this.#new[newStart + length + after]
    )
      after++;
    return { oldStart: oldStart - before, newStart: newStart - before, length: before + length + after };
  }
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
  return `@@ -${range(oldStart, oldCount)} +${range(newStart, newCount)} @@\n${lines.join('')}`;
}

/** A count of one goes without saying; nothing stands behind the line before. */
function range(start: number, count: number): string {
  if (count === 1) return String(start);
  return `${count === 0 ? start - 1 : start},${count}`;
}
