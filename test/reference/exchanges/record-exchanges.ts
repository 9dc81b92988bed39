import type { HttpTarget } from '../../../src/wire/http.ts';
import { writeFixture } from './fixture.ts';
import { type Exchange, type Peer, play } from './play.ts';
import { topics } from './topics.ts';

/** Asks a real API server everything that the named topics ask, or all, and writes down what it answers. */
export async function recordExchanges(http: HttpTarget, names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !topics.some((topic) => topic.name === name));
  if (unknown.length > 0)
    throw new Error(`no topic ${unknown.join(', ')}; there are ${topics.map(({ name }) => name).join(', ')}`);
  const peer: Peer = {
    fetch: (request) => http.fetch(request),
    elapse: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    answersWithinMs: 10_000,
  };
  for (const topic of topics) {
    if (names.length > 0 && !names.includes(topic.name)) continue;
    const recorded: Record<string, readonly Exchange[]> = {};
    for (const scenario of topic.scenarios) recorded[scenario.what] = await play(topic.name, scenario, peer);
    writeFixture(topic.name, recorded);
    process.stderr.write(`${topic.name}\n`);
  }
}
