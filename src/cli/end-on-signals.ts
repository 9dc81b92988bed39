import { say, styled } from './output.ts';

/** Ends the process in order when it is asked to, with code 1 when something is left behind. */
export function endOnSignals(words: string, down: () => Promise<readonly string[]>) {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let begun = false;
  const end = async () => {
    if (begun) return;
    begun = true;
    say(`\n${words}`);
    const problems = await down().catch((error: Error) => [error.message]);
    for (const problem of problems) say(`${styled('yellow', 'left behind:')} ${problem}`);
    resolve();
    process.exit(problems.length === 0 ? 0 : 1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end());
  return { done, begun: () => begun };
}
