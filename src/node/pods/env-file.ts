/**
 * The value of a variable in an environment file (KEP-3721): lines `NAME='value'`, in single quotes, which may hold line ends; lines that
 * begin with `#` and what stands behind a value after `#` are comments. Undefined where the file does not name it. Throws an
 * `Error` that names the line where the file is not written so.
 */
export function envFileValue(text: string, name: string): string | undefined {
  let at = 0;
  while (at < text.length) {
    const line = lineFrom(text, at);
    const statement = line.replace(/^[ \t]+/, '');
    if (statement === '' || statement.startsWith('#')) {
      at += line.length + 1;
      continue;
    }
    const wrong = (why: string) =>
      new Error(`invalid environment variable format at line ${text.slice(0, at).split('\n').length}: ${why}`);
    const equals = statement.indexOf('=');
    if (equals < 0) throw wrong("missing '='");
    const key = statement.slice(0, equals);
    if (key.trimEnd() === '') throw wrong('empty variable name');
    if (/[ \t]$/.test(key)) throw wrong("whitespace before '=' is not allowed");
    // As in a shell, a space after the sign is the end of an empty value.
    if (/^[ \t]/.test(statement.slice(equals + 1))) {
      if (key === name) return '';
      at += line.length + 1;
      continue;
    }
    const open = at + (line.length - statement.length) + equals + 1;
    if (text[open] !== "'") throw wrong('value must be enclosed in single quotes');
    const close = text.indexOf("'", open + 1);
    if (close < 0) throw wrong('unclosed single quote');
    const rest = lineFrom(text, close + 1);
    if (!/^[ \t]*(?:#.*)?$/.test(rest)) throw wrong('unexpected content after closing quote');
    if (key === name) return text.slice(open + 1, close);
    at = close + 1 + rest.length + 1;
  }
  return undefined;
}

function lineFrom(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.slice(at) : text.slice(at, end);
}
