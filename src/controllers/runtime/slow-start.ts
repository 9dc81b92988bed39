/** What a batch came to: how many calls went well, how many were never made, and the first error. */
export interface SlowStartResult {
  readonly succeeded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly error: unknown;
}

/**
 * Makes `count` calls in batches of 1, 2, 4, ... and stops after the first batch with a failure. So many calls that must all fail
 * alike (a quota is used up) cost one or two requests, not hundreds, and as many events.
 */
export async function slowStart(count: number, call: (index: number) => Promise<void>): Promise<SlowStartResult> {
  let succeeded = 0;
  let started = 0;
  for (let batch = 1; started < count; batch *= 2) {
    const size = Math.min(batch, count - started);
    const first = started;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, index) => call(first + index)));
    started += size;
    const failures = results.filter((result) => result.status === 'rejected');
    succeeded += size - failures.length;
    if (failures.length > 0)
      return { succeeded, failed: failures.length, skipped: count - started, error: failures[0]?.reason };
  }
  return { succeeded, failed: 0, skipped: 0, error: undefined };
}
