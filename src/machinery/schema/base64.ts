const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const wellFormed = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 as it is stored: without line breaks, and with zero in the bits that carry nothing. Undefined for what is no base64. */
export function canonicalBase64(text: string): string | undefined {
  const stripped = text.includes('\n') || text.includes('\r') ? text.replaceAll(/[\r\n]/g, '') : text;
  if (!wellFormed.test(stripped)) return undefined;
  const padding = stripped.endsWith('==') ? 2 : stripped.endsWith('=') ? 1 : 0;
  if (padding === 0) return stripped;
  const at = stripped.length - padding - 1;
  const last = alphabet.indexOf(stripped[at] ?? '');
  const kept = alphabet[last & (padding === 2 ? 0b110000 : 0b111100)] ?? '';
  return stripped.slice(0, at) + kept + '='.repeat(padding);
}

/** The offset of the first byte that is no base64, as Go counts it; undefined when there is none. */
export function base64Problem(text: string): number | undefined {
  const skip = (from: number) => {
    let at = from;
    while (text[at] === '\n' || text[at] === '\r') at++;
    return at;
  };
  let digits = 0;
  for (let at = skip(0); at < text.length; at = skip(at + 1)) {
    const character = text[at] ?? '';
    if (alphabet.includes(character)) {
      digits++;
      continue;
    }
    if (character !== '=' || digits % 4 < 2) return at;
    let after = skip(at + 1);
    if (digits % 4 === 2) {
      if (after === text.length) return after;
      if (text[after] !== '=') return after - 1;
      after = skip(after + 1);
    }
    return after === text.length ? undefined : after;
  }
  return digits % 4 === 0 ? undefined : text.length - (digits % 4);
}
