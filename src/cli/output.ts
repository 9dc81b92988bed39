import { styleText } from 'node:util';

const toTerminal =
  process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb';

/** Text in a style, where a person reads it on a terminal. */
export function styled(style: 'bold' | 'dim' | 'green' | 'red' | 'yellow', text: string): string {
  return toTerminal ? styleText(style, text, { validateStream: false }) : text;
}

/** One line to the user. What programs read goes to stdout, by `print`. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Says what went wrong and ends with code 1: errors of ours carry what to do next. */
export function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  say(`${styled('red', 'error:')} ${message}`);
  if (process.env['STUURMAN_DEBUG'] !== undefined && error instanceof Error) say(error.stack ?? '');
  process.exit(1);
}

/** Rows under a head, in columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 3)))
      .join('')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
