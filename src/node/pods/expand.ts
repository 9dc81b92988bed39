/**
 * Replaces `$(NAME)` by what `lookup` knows under that name; `$$` stands for a dollar, and what is not known stays as it was
 * written.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text;
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character !== '$' || at + 1 >= text.length) {
      result += character;
      continue;
    }
    const next = text[at + 1];
    if (next === '$') {
      result += '$';
      at++;
      continue;
    }
    const end = next === '(' ? text.indexOf(')', at + 2) : -1;
    if (end < 0) {
      result += next === '(' ? '$(' : `$${next}`;
      at++;
      continue;
    }
    const name = text.slice(at + 2, end);
    result += lookup(name) ?? `$(${name})`;
    at = end;
  }
  return result;
}
