import type { Environment } from '../../machinery/environment/environment.ts';

/** Credentials in files are renewed in place; kubelet does so long before they run out. */
const usualMaximumAgeMs = 10_000;

/**
 * A value that is read again when it has been kept for ten seconds, or as long as is said. When reading fails, for a file may be missing for a moment while it is
 * replaced, the last value stays; the first failure is thrown.
 */
export function rereading<T>(environment: Environment, read: () => T, maximumAgeMs = usualMaximumAgeMs): () => T {
  let value = read();
  let readAtMs = environment.monotonic();
  return () => {
    if (environment.monotonic() - readAtMs < maximumAgeMs) return value;
    readAtMs = environment.monotonic();
    try {
      value = read();
    } catch {
      // The server will say so when the old one is no longer good.
    }
    return value;
  };
}
