/**
 * Whether a text is as a pattern says, in which `*` stands for any characters. Takes time in proportion to the product of
 * their lengths, whatever they are: patterns come from users.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let position = 0; position < text.length; ) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at++;
      resume = position;
    } else if (wanted !== undefined && wanted === text[position]) {
      at++;
      position++;
    } else if (star >= 0) {
      // The last star takes one character more.
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
