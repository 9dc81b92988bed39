const encoder = new TextEncoder();

/** FNV-1a with 32 bits over the UTF-8 of a text. `state`: the hash of what came before. */
export function fnv32a(text: string, state = 0x811c9dc5): number {
  let hash = state;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** JSON that is the same for equal values, whatever the order of their keys. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${stableJson(member)}`);
  return `{${members.join(',')}}`;
}

/**
 * A short hash of a value that may stand in a name: `pod-template-hash`, names of ControllerRevisions.
 * `collisionCount` gives another hash for the same value.
 */
export function nameHash(value: unknown, collisionCount?: number): string {
  const state = fnv32a(stableJson(value));
  return safeEncode(String(collisionCount === undefined ? state : fnv32a(`#${collisionCount}`, state)));
}

/** No vowels and nothing that is mistaken for another character, so that no words come out. */
export const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Maps every character of a text to one of the safe alphabet. */
export function safeEncode(text: string): string {
  let result = '';
  for (const byte of encoder.encode(text)) result += safeAlphabet[byte % safeAlphabet.length];
  return result;
}
