import { endLife, type JobLife, liveJob } from './job-life.ts';
import { JsonRequests } from './json-requests.ts';
import { Questions } from './questions.ts';
import type { WholeCluster } from './whole-cluster.ts';

const namespace = 'job-lives';

/** Lets jobs live one after the other in a namespace of their own, and writes down how each ended. */
export async function recordJobLives({ client, http, environment }: WholeCluster): Promise<void> {
  await new JsonRequests(http).makeNamespace(namespace);
  const wait = (ms: number) => environment.sleep(ms);
  const place = { client, namespace, wait, now: () => environment.now() };
  await new Questions('lives/').record<JobLife>('jobs', async ({ answer: _, ...life }) => {
    const answer = await liveJob(life, place);
    await endLife(place);
    process.stderr.write(`${life.what}\n`);
    return { ...life, answer };
  });
  await new JsonRequests(http).demand('DELETE', `/api/v1/namespaces/${namespace}`);
}
