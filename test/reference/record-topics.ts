import type { HttpTarget } from '../../src/wire/http.ts';
import { RunningReference } from './control-plane/running-reference.ts';
import { recordExchanges } from './exchanges/record-exchanges.ts';
import { topics as exchanges } from './exchanges/topics.ts';
import { allLives } from './lives/all-lives.ts';
import { recordLives } from './lives/record-lives.ts';
import { recordNode } from './node/record-node.ts';
import { answers, recordAnswers } from './record-answers.ts';
import { recordDns } from './record-dns.ts';
import { recordJobLives } from './record-job-lives.ts';
import { recordRights, rights } from './record-rights.ts';
import { recordRows, rows } from './record-rows.ts';
import { type WholeCluster, withWholeCluster } from './whole-cluster.ts';

/** What an API server without anything that acts is asked, by the name of its topic. */
const ofControlPlane = new Map<string, (http: HttpTarget) => Promise<void>>([
  ...exchanges.map(({ name }) => [name, (http: HttpTarget) => recordExchanges(http, name)] as const),
  ...answers.topics().map((topic) => [`resources/${topic}`, (http: HttpTarget) => recordAnswers(http, topic)] as const),
  ...rights.topics().map((topic) => [`rights/${topic}`, (http: HttpTarget) => recordRights(http, topic)] as const),
  ...rows.topics().map((topic) => [`rows/${topic}`, (http: HttpTarget) => recordRows(http, topic)] as const),
]);

/** What needs a whole cluster, the one of REFERENCE_KUBECONFIG. */
const ofCluster = new Map<string, (cluster: WholeCluster) => Promise<void>>([
  ['dns', recordDns],
  ['jobs', recordJobLives],
  ['node', recordNode],
  ['lives', (cluster: WholeCluster) => recordLives(cluster, [])],
  ...allLives.map(({ name }) => [`lives/${name}`, (cluster: WholeCluster) => recordLives(cluster, [name])] as const),
]);

/** Records the topics named; without a name all that need no more than an API server. Throws for names of none. */
export async function recordTopics(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !ofControlPlane.has(name) && !ofCluster.has(name));
  if (unknown.length > 0)
    throw new Error(
      `no topic ${unknown.join(', ')}; there are ${[...ofControlPlane.keys(), ...ofCluster.keys()].join(', ')}`,
    );
  const wanted = names.length === 0 ? [...ofControlPlane.keys()] : names;
  const asked = wanted.filter((name) => ofControlPlane.has(name));
  const lived = wanted.filter((name) => ofCluster.has(name));
  if (asked.length > 0) await withReference((http) => recordEach(asked, ofControlPlane, http));
  if (lived.length > 0) await withWholeCluster((cluster) => recordEach(lived, ofCluster, cluster));
}

async function withReference(use: (http: HttpTarget) => Promise<void>): Promise<void> {
  const reference = await RunningReference.start();
  try {
    await use(reference.http);
  } finally {
    await reference.stop();
  }
}

async function recordEach<Whom>(
  names: readonly string[],
  recorders: ReadonlyMap<string, (whom: Whom) => Promise<void>>,
  whom: Whom,
): Promise<void> {
  for (const name of names) {
    await recorders.get(name)?.(whom);
    process.stderr.write(`${name}\n`);
  }
}
