/**
 * Half an hour with mishaps in a cluster in virtual time: `node eventful-times.ts SEED` prints the digests of its history and of the
 * beginning of that. A second argument says how long it goes on after the mishaps (`20m` unless given), a third has it print one line per
 * change of state, to find where two runs part.
 */
import { createHash } from 'node:crypto';
import { type Cluster, createCluster, deployments, pods, services, statefulSets } from '../../src/testing.ts';

const namespace = 'default';
/** As many as there are before the mishaps are over, and more than a cluster of any seed begins with. */
const entriesOfBeginning = 800;

async function createApplications({ client }: Cluster): Promise<void> {
  const template = (app: string) => ({
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'main', image: 'app:1' }] },
  });
  await client.create(deployments, {
    metadata: { namespace, name: 'web' },
    spec: { replicas: 6, selector: { matchLabels: { app: 'web' } }, template: template('web') },
  });
  await client.create(services, {
    metadata: { namespace, name: 'db' },
    spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ port: 5432 }] },
  });
  const resources = { requests: { storage: '1Gi' } };
  await client.create(statefulSets, {
    metadata: { namespace, name: 'db' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('db'),
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources } }],
    },
  });
}

/** Containers chosen by the world's own chance end by themselves, as a crash does. */
async function crash({ nodes, environment }: Cluster, count: number): Promise<void> {
  for (let time = 0; time < count; time++) {
    const list = nodes.list();
    const node = list[Math.floor(environment.random() * list.length)];
    const containers = (await node?.runtime.listContainers())?.filter(({ state }) => state === 'running') ?? [];
    const victim = containers[Math.floor(environment.random() * containers.length)];
    if (victim !== undefined) node?.runtime.exit(victim.id, 137);
  }
}

async function eventfulTimes(seed: number, quiet: string): Promise<Cluster> {
  const cluster = await createCluster({ time: 'virtual', seed, nodes: 4, recordHistory: true });
  const { client, nodes } = cluster;
  await cluster.advance('20s');
  await createApplications(cluster);
  await cluster.advance('2m');
  await crash(cluster, 3);
  await cluster.advance('30s');
  await nodes.get('node-1').killAgent();
  await crash(cluster, 2);
  await cluster.advance('25s');
  await nodes.get('node-1').startAgent();
  const [first] = (await client.list(pods, { namespace, labelSelector: 'app=web' })).items;
  if (first !== undefined) await client.delete(pods, { namespace, name: first.metadata.name ?? '' });
  nodes.get('node-2').cutOff();
  await cluster.advance('2m');
  nodes.get('node-2').reconnect();
  const body = { spec: { replicas: 9, template: { spec: { containers: [{ name: 'main', image: 'app:2' }] } } } };
  await client.patch(deployments, { namespace, name: 'web' }, { type: 'strategic', body });
  await cluster.advance(quiet);
  return cluster;
}

/** What the history must tell of for the run to be worth comparing, by what is found in stored objects then. */
const expected: Readonly<Record<string, RegExp>> = {
  NodeNotReady: /"reason":"NodeNotReady"/,
  ProvisioningSucceeded: /"reason":"ProvisioningSucceeded"/,
  'Started again': /"restartCount":[1-9]/,
};

const cluster = await eventfulTimes(Number(process.argv[2] ?? 1), process.argv[3] ?? '20m');
const history = cluster.history();
await cluster.close();
const digest = createHash('sha256');
let beginning = '';
const decoder = new TextDecoder();
const mishaps = new Set<string>();
for (const [index, { revision, key, value }] of history.entries()) {
  if (index === entriesOfBeginning) beginning = digest.copy().digest('hex');
  const text = value === undefined ? '' : decoder.decode(value);
  digest.update(`${revision} ${key} ${value?.length ?? 'deleted'}\n`).update(value ?? '');
  for (const [name, pattern] of Object.entries(expected)) if (pattern.test(text)) mishaps.add(name);
  if (process.argv[4] !== undefined) process.stdout.write(`${revision} ${key} ${text}\n`);
}
const report = { entries: history.length, mishaps: [...mishaps].sort(), beginning, digest: digest.digest('hex') };
process.stdout.write(`${JSON.stringify(report)}\n`);
