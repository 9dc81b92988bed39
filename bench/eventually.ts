/** How long a benchmark waits for something before it says what has not come. */
export const patienceMs = 120_000;

/** What is answered once it is something; asked again every `pauseMs`. Throws, naming what was waited for, when two minutes were not enough. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  pauseMs = 50,
): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(`waited ${patienceMs / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
