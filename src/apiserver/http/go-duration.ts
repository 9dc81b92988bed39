const unitNanos = [
  ['h', 3_600_000_000_000],
  ['m', 60_000_000_000],
] as const;

/** Nanoseconds as Go writes a duration: `1h0m0s`, `1.5s`, `10ms`. */
export function goDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < 0) return `-${goDuration(-nanos)}`;
  if (nanos < 1_000) return `${nanos}ns`;
  if (nanos < 1_000_000) return `${nanos / 1_000}µs`;
  if (nanos < 1_000_000_000) return `${nanos / 1_000_000}ms`;
  let result = '';
  let rest = nanos;
  for (const [unit, size] of unitNanos) {
    const count = Math.floor(rest / size);
    if (count > 0 || result !== '') result += `${count}${unit}`;
    rest -= count * size;
  }
  return `${result}${rest / 1_000_000_000}s`;
}
