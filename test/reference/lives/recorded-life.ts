import type { Timeline } from './timeline.ts';

/**
 * How sure a value is. A kubelet tells of some states only when it happens to look at the right moment, so a life is recorded several times:
 * `always` was there in every run and in this order, `anytime` in every run but not always in this order, `maybe` not in every run.
 */
type Certainty = 'always' | 'anytime' | 'maybe';

interface Value {
  readonly certainty: Certainty;
  readonly text: string;
}

/** What a real kubelet made of a life, by aspect. */
export type RecordedLife = ReadonlyMap<string, readonly Value[]>;

const marks: Readonly<Record<Certainty, string>> = { always: ' ', anytime: '~', maybe: '?' };

/** What several runs of one life have in common, and what they have not. */
export function combine(runs: readonly Timeline[]): RecordedLife {
  const aspects = new Set(runs.flatMap((run) => [...run.keys()]));
  return new Map([...aspects].map((aspect) => [aspect, combineValues(runs.map((run) => run.get(aspect) ?? []))]));
}

function combineValues(runs: readonly (readonly string[])[]): readonly Value[] {
  const [first = [], ...others] = runs;
  const common = others.reduce(longestCommon, first);
  const values: Value[] = [];
  let position = 0;
  for (const text of first) {
    if (text === common[position]) {
      position++;
      values.push({ certainty: 'always', text });
    } else if (!values.some((each) => each.text === text))
      values.push({ certainty: certaintyOf(text, runs, common), text });
  }
  for (const text of new Set(others.flat()))
    if (!values.some((each) => each.text === text)) values.push({ certainty: certaintyOf(text, runs, common), text });
  return values;
}

/** A value that comes back in some runs only is no news: it must be there where it always is. */
function certaintyOf(text: string, runs: readonly (readonly string[])[], common: readonly string[]): Certainty {
  return !common.includes(text) && runs.every((run) => run.includes(text)) ? 'anytime' : 'maybe';
}

/** The longest sequence that both contain in their order. */
function longestCommon(a: readonly string[], b: readonly string[]): readonly string[] {
  let below: readonly (readonly string[])[] = Array.from({ length: b.length + 1 }, () => []);
  for (const item of a.toReversed()) {
    const row: (readonly string[])[] = Array.from({ length: b.length + 1 }, () => []);
    for (let column = b.length - 1; column >= 0; column--) {
      const skipA = below[column] ?? [];
      const skipB = row[column + 1] ?? [];
      const taken = b[column] === item ? [item, ...(below[column + 1] ?? [])] : [];
      row[column] = [taken, skipA, skipB].reduce((best, each) => (each.length > best.length ? each : best));
    }
    below = row;
  }
  return below[0] ?? [];
}

/** How a life differs from what was recorded, in words; empty when it could be one of a kubelet. */
export function differences(recorded: RecordedLife, lived: Timeline): readonly string[] {
  const problems: string[] = [];
  for (const aspect of new Set([...recorded.keys(), ...lived.keys()]))
    for (const problem of aspectDifferences(recorded.get(aspect) ?? [], lived.get(aspect) ?? []))
      problems.push(`${aspect}: ${problem}`);
  return problems;
}

function* aspectDifferences(recorded: readonly Value[], lived: readonly string[]): Iterable<string> {
  let position = 0;
  for (const { certainty, text } of recorded) {
    if (certainty === 'anytime' && !lived.includes(text)) yield `is never "${text}"`;
    if (certainty !== 'always') continue;
    const found = lived.indexOf(text, position);
    if (found >= 0) position = found + 1;
    else yield `is never, or too early, "${text}"`;
  }
  for (const text of new Set(lived))
    if (!recorded.some((each) => each.text === text)) yield `is "${text}", which a kubelet does not say`;
}

/** One paragraph an aspect, one line a value. */
export function lifeText(life: RecordedLife): string {
  return [...life]
    .map(([aspect, values]) =>
      [aspect, ...values.map(({ certainty, text }) => `${marks[certainty]} ${text}`)].join('\n'),
    )
    .join('\n\n')
    .concat('\n');
}

export function parseLife(content: string): RecordedLife {
  return new Map(
    content
      .trimEnd()
      .split('\n\n')
      .map((paragraph) => {
        const [aspect = '', ...lines] = paragraph.split('\n');
        return [aspect, lines.map(parseValue)];
      }),
  );
}

function parseValue(line: string): Value {
  const found = (Object.keys(marks) as Certainty[]).find((each) => marks[each] === line[0]);
  return { certainty: found ?? 'always', text: line.slice(2) };
}
