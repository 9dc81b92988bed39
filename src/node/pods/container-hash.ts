import type { Container } from '../../resources/schema/core-v1.generated.ts';

/**
 * Tells whether a running container is still the one its pod asks for. Of what may change in a running pod only the image makes a new
 * container necessary; other fields are left out, so that a newer agent with more of them restarts nothing.
 */
export function containerHash(container: Container): string {
  let hash = 0x811c9dc5;
  for (const character of `${container.name}\n${container.image ?? ''}`) {
    hash ^= character.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
