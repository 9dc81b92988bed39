import { ApiServer } from '../src/apiserver/api-server.ts';
import type { Client, WatchEvent } from '../src/client/client.ts';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { silentLogger } from '../src/machinery/log.ts';
import { builtInDefinitions } from '../src/resources/built-in.ts';
import type { Pod } from '../src/resources/schema/core-v1.generated.ts';
import { pods } from '../src/resources/schema/resource-types.generated.ts';
import { MemoryStore } from '../src/store/memory/memory-store.ts';
import type { HttpConnection } from '../src/wire/http-handler.ts';

/** What the API server does in one process without sockets: `node bench/api-server.ts [pods]`. */

const count = Number(process.argv[2] ?? 10_000);
const environment = new RealEnvironment();
const connection: HttpConnection = {
  remoteAddress: '',
  remotePort: 0,
  secure: true,
  certificate: undefined,
  certificateError: undefined,
};
const collection = '/api/v1/namespaces/bench/pods';

const server = new ApiServer({
  store: new MemoryStore({ environment }),
  environment,
  logger: silentLogger,
  definitions: builtInDefinitions,
  authorizers: [{ name: 'all', authorize: () => ({ decision: 'allow', reason: '' }) }],
});
await server.start();
const client = server.client({ username: 'bench', groups: [], extra: {} }, 'bench');

function podOf(index: number): Pod {
  return {
    metadata: {
      name: podName(index),
      namespace: 'bench',
      labels: { app: 'web', 'pod-template-hash': 'abcdef1234', shard: String(index % 10) },
      annotations: { 'example.com/checksum': 'f'.repeat(64) },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-abcdef1234', uid: 'u', controller: true },
      ],
    },
    spec: {
      nodeName: `node-${index % 1000}`,
      containers: [
        {
          name: 'web',
          image: 'registry.example.com/team/web:1.2.3',
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [
            { name: 'LOG_LEVEL', value: 'info' },
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
        },
      ],
    },
  } as unknown as Pod;
}

function podName(index: number): string {
  return `web-${String(index).padStart(6, '0')}`;
}

interface Row {
  readonly what: string;
  readonly perSecond: number;
  readonly microseconds: number;
  readonly note: string;
}

const rows: Row[] = [];

/** Runs `work` for each number, `parallel` at a time. */
async function measure(
  what: string,
  times: number,
  parallel: number,
  work: (index: number) => Promise<unknown>,
  note = '',
) {
  const startedMs = environment.monotonic();
  for (let index = 0; index < times; index += parallel) {
    const batch = [];
    for (let at = index; at < Math.min(index + parallel, times); at++) batch.push(work(at));
    await Promise.all(batch);
  }
  const elapsedMs = environment.monotonic() - startedMs;
  rows.push({ what, perSecond: (times / elapsedMs) * 1000, microseconds: (elapsedMs / times) * 1000, note });
}

async function fetchBytes(path: string, headers: Record<string, string> = {}): Promise<number> {
  const { body } = await server.fetch({ method: 'GET', path, headers }, connection);
  if (body === undefined) return 0;
  if (body instanceof Uint8Array) return body.length;
  let length = 0;
  for await (const chunk of body) length += chunk.length;
  return length;
}

async function drain(events: AsyncIterable<WatchEvent<Pod>>, counted: { events: number }): Promise<void> {
  for await (const _ of events) counted.events++;
}

async function watchFanOut(watchers: number, fieldSelector: (index: number) => string, updates: number, what: string) {
  const counted = { events: 0 };
  const abort = new AbortController();
  const { metadata } = await client.list(pods, { namespace: 'bench', limit: 1 });
  const options = { namespace: 'bench', signal: abort.signal, resourceVersion: metadata.resourceVersion };
  const all = Array.from({ length: watchers }, (_, index) =>
    drain(client.watch(pods, { ...options, fieldSelector: fieldSelector(index) }), counted).catch(() => undefined),
  );
  await environment.turn();
  await measure(what, updates, 16, (index) => touch(client, index, what), `${watchers} watchers`);
  await environment.sleep(50);
  const last = rows.at(-1);
  if (last !== undefined) rows[rows.length - 1] = { ...last, note: `${last.note}, ${counted.events} events delivered` };
  abort.abort();
  await Promise.all(all);
}

function touch(writer: Client, index: number, value: string): Promise<Pod> {
  const body = { metadata: { annotations: { touched: value } } };
  return writer.patch(pods, { namespace: 'bench', name: podName(index) }, { type: 'merge', body });
}

await measure(`create ${count} pods, direct`, count, 16, (index) => client.create(pods, podOf(index)));
const body = new TextEncoder().encode(JSON.stringify(podOf(0)));
await measure('create by HTTP, dry run', 2_000, 16, (index) => {
  const text = new TextDecoder().decode(body).replace(podName(0), `dry-${index}`);
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', path: `${collection}?dryRun=All`, headers, body: new TextEncoder().encode(text) };
  return server.fetch(request, connection);
});
await measure('get, direct', 50_000, 16, (index) =>
  client.get(pods, { namespace: 'bench', name: podName(index % count) }),
);
await measure('get by HTTP', 50_000, 16, (index) => fetchBytes(`${collection}/${podName(index % count)}`));
let bytes = 0;
await measure(`list ${count} by HTTP`, 5, 1, async () => {
  bytes = await fetchBytes(collection);
});
const list = rows.at(-1);
if (list !== undefined) {
  const megabytes = bytes / 1024 / 1024;
  rows[rows.length - 1] = {
    ...list,
    note: `${megabytes.toFixed(1)} MiB, ${(megabytes * list.perSecond).toFixed(0)} MiB/s`,
  };
}
const protobuf = { accept: 'application/vnd.kubernetes.protobuf' };
const thousand = `${collection}?limit=1000`;
await measure('list 1000 by HTTP', 100, 1, () => fetchBytes(thousand));
await measure('list 1000 in protobuf, the first time', 1, 1, () => fetchBytes(thousand, protobuf));
await measure('list 1000 in protobuf, again', 100, 1, () => fetchBytes(thousand, protobuf));
await measure('list 500 by HTTP', 200, 1, () => fetchBytes(`${collection}?limit=500`));
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
await measure('list 500 by HTTP as a table', 100, 1, () => fetchBytes(`${collection}?limit=500`, table));
await measure(`list ${count}, direct`, 5, 1, () => client.list(pods, { namespace: 'bench' }));
await measure('list by label, direct', 20, 1, () =>
  client.list(pods, { namespace: 'bench', labelSelector: 'shard=3' }),
);
await measure('patch, direct', 5_000, 16, (index) => touch(client, index % count, 'x'));
await measure('patch that changes nothing, direct', 5_000, 16, (index) => touch(client, index % count, 'x'));
await watchFanOut(1_000, (index) => `spec.nodeName=node-${index}`, 2_000, 'patch, each node watches its own');
await watchFanOut(100, () => '', 2_000, 'patch, all watch everything');

const cell = (text: string, width: number, right = false): string =>
  right ? text.padStart(width) : text.padEnd(width);
const lines = [
  `${cell('', 40)}${cell('per second', 12, true)}${cell('µs each', 12, true)}`,
  ...rows.map(
    ({ what, perSecond, microseconds, note }) =>
      `${cell(what, 40)}${cell(perSecond.toFixed(perSecond < 100 ? 1 : 0), 12, true)}${cell(microseconds.toFixed(1), 12, true)}  ${note}`,
  ),
  `heap ${(process.memoryUsage().heapUsed / 1024 / 1024).toFixed(0)} MiB`,
];
process.stdout.write(`${lines.join('\n')}\n`);
server.stop();
process.exit(0);
