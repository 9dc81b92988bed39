import type { HttpTarget } from '../../../src/wire/http.ts';
import { writeFixture } from './fixture.ts';
import { type Exchange, type Peer, play } from './play.ts';
import { topics } from './topics.ts';

/** Asks a real API server everything that a topic asks, and writes down what it answers. */
export async function recordExchanges(http: HttpTarget, name: string): Promise<void> {
  const peer: Peer = {
    fetch: (request) => http.fetch(request),
    elapse: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    answersWithinMs: 10_000,
  };
  const recorded: Record<string, readonly Exchange[]> = {};
  const topic = topics.find((each) => each.name === name);
  for (const scenario of topic?.scenarios ?? []) recorded[scenario.what] = await play(name, scenario, peer);
  writeFixture(name, recorded);
}
