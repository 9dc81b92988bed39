import type { HttpClientLimits } from '../../wire/http-client.ts';

/**
 * For those who must follow an API that comes up under another address: a connection to one that is gone is given up soon enough for the
 * next address to be tried well within ten seconds. Where only one address is known, a slow machine gets the usual time for a handshake.
 */
export function followingLimits(servers: number): Partial<HttpClientLimits> {
  return { deadMs: 5_000, ...(servers > 1 ? { connectMs: 3_000 } : {}) };
}
