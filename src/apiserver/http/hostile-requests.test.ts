import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { type TestApiServer, testApiServer } from '../../../test/support/test-api-server.ts';
import { connection } from '../../../test/support/test-http.ts';
import { silentLogger } from '../../machinery/log.ts';
import { readHttpText } from '../../wire/http-body.ts';

const failures: unknown[] = [];
let api: TestApiServer;

const container = { name: 'main', image: 'web:1', ports: [{ containerPort: 80, protocol: 'TCP' }] };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } };
const managedFields = [
  {
    manager: 'somebody',
    operation: 'Update',
    apiVersion: 'v1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:finalizers': { 'v:"a/b"': {} } } },
  },
];
const objects: Readonly<Record<string, object>> = {
  '/api/v1/namespaces/shop/configmaps': {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'web', labels: { app: 'web' }, managedFields },
    data: { a: '1' },
  },
  '/apis/apps/v1/namespaces/shop/deployments': {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template },
  },
  '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices': {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
    ports: [{ name: 'http', port: 80 }],
  },
  '/api/v1/namespaces/shop/limitranges': {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'web' },
    spec: { limits: [{ type: 'Container', max: { cpu: '2' }, default: { memory: '1Gi' } }] },
  },
};
const collections = Object.keys(objects);

beforeEach(async () => {
  failures.length = 0;
  const error = (...told: readonly unknown[]) => failures.push(told);
  api = await testApiServer({ logger: { ...silentLogger, error } });
  await ask('POST', '/api/v1/namespaces', '{"metadata":{"name":"shop"}}');
  for (const [path, object] of Object.entries(objects)) await ask('POST', path, JSON.stringify(object));
});

/** What is answered is an object or a Status that blames the client; whatever is our own fault is logged. */
async function ask(method: string, path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const given = { 'user-agent': 'test/1.0', 'content-type': 'application/json', ...headers };
  // Who asks for a revision that is to come, also by a token, waits for it, in virtual time.
  const [response] = await Promise.all([
    api.server.fetch({ method, path, headers: given, body: bytes }, connection),
    /(resourceVersion|continue)=/.test(path) ? api.environment.advance(10_000) : undefined,
  ]);
  const text = await readHttpText(response.body);
  expect(failures, `${method} ${path}`).toEqual([]);
  if (response.status >= 500) expect(text).not.toContain('InternalError');
  return { status: response.status, text };
}

const write = fc.constantFrom(
  ['POST', 'application/json'],
  ['POST', 'application/yaml'],
  ['PUT', 'application/json'],
  ['PUT', 'application/yaml'],
  ['PATCH', 'application/json-patch+json'],
  ['PATCH', 'application/merge-patch+json'],
  ['PATCH', 'application/strategic-merge-patch+json'],
  ['PATCH', 'application/apply-patch+yaml'],
  ['DELETE', 'application/json'],
  ['DELETE', 'application/yaml'],
);
const dryRun = 'dryRun=All&fieldManager=test';

function send([method, type]: readonly string[], collection: string, body: string | Uint8Array) {
  const path = method === 'POST' ? collection : `${collection}/web`;
  return ask(method ?? '', `${path}?${dryRun}`, body, { 'content-type': type ?? '' });
}

/** Values that parsers stumble over. */
const oddity = fc.oneof(
  fc.constantFrom(null, true, '', '~', 'null', '0x10', '1e400', '\ud800', '\u0000', '__proto__', '-0', 'é'.repeat(300)),
  fc.constantFrom(0, -1, 1.5, 1e20, 2 ** 31, 2 ** 53, Number.MIN_VALUE),
  fc.jsonValue({ maxDepth: 2 }),
);
const key = fc.constantFrom(
  ...[
    'metadata',
    'spec',
    'data',
    'name',
    'labels',
    'managedFields',
    'fieldsV1',
    'f:a',
    'k:{',
    'template',
    'containers',
  ],
  ...['$patch', '$retainKeys', '$setElementOrder/containers', '$deleteFromPrimitiveList/finalizers', '__proto__', ''],
  ...['apiVersion', 'kind', 'op', 'path', 'from', 'value', 'limits', 'endpoints', 'constructor', 'time', 'cpu'],
);

/** The value with an oddity somewhere in it. */
function spoilt(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return oddity;
  const entries = Object.entries(value);
  const within = entries.map(([name, member]) =>
    spoilt(member).map((other) =>
      Array.isArray(value) ? value.with(Number(name), other) : { ...value, [name]: other },
    ),
  );
  const more = fc
    .tuple(key, oddity)
    .map(([name, member]) => (Array.isArray(value) ? [...value, member] : { ...value, [name]: member }));
  return fc.oneof(oddity, more, ...within);
}

const runs = { numRuns: 150 };
/** Machines that are busy are slow. */
const patient = { timeout: 60_000 };

test('an object with anything anywhere is taken or refused', patient, async () => {
  const hostile = fc.constantFrom(...collections).chain((path) => fc.tuple(fc.constant(path), spoilt(objects[path])));
  await fc.assert(
    fc.asyncProperty(write, hostile, async (how, [path, body]) => {
      await send(how, path, JSON.stringify(body) ?? 'null');
    }),
    runs,
  );
});

test('a patch of anything is applied or refused', patient, async () => {
  const operation = fc.record(
    { op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), path: fc.string(), value: oddity },
    { requiredKeys: [] },
  );
  const body = fc.oneof(fc.array(fc.oneof(operation, oddity), { maxLength: 4 }), fc.dictionary(key, oddity));
  await fc.assert(
    fc.asyncProperty(write, fc.constantFrom(...collections), body, async (how, path, patch) => {
      await send(how, path, JSON.stringify(patch));
    }),
    runs,
  );
});

test('any bytes, and a text with damage, are an object or a bad request', patient, async () => {
  const damage = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), kind: fc.constantFrom('set', 'cut', 'twice') });
  const damaged = fc
    .tuple(fc.constantFrom(...Object.values(objects)), fc.boolean(), fc.array(damage, { minLength: 1, maxLength: 4 }))
    .map(([object, flow, damages]) => {
      let bytes = Buffer.from(
        flow ? JSON.stringify(object) : JSON.stringify(object, null, 1).replaceAll(/[{}",]/g, ''),
      );
      for (const { at, byte, kind } of damages) {
        const place = at % (bytes.length + 1);
        if (kind === 'set') bytes[place] = byte;
        else if (kind === 'cut') bytes = bytes.subarray(0, place);
        else bytes = Buffer.concat([bytes, bytes.subarray(place)]);
      }
      return bytes as Uint8Array;
    });
  const anything = fc.uint8Array({ maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(write, fc.constantFrom(...collections), fc.oneof(damaged, anything), async (how, path, bytes) => {
      await send(how, path, bytes);
    }),
    runs,
  );
});

const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'].map((name, index) => {
  const before = 'abcdefghi'[index - 1];
  return index === 0 ? name : `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`;
});

const withSpec = (spec: object) => JSON.stringify({ spec: { template: { spec } } });
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));

test.each([
  ['nested lists', '['.repeat(100_000)],
  ['nested objects', '{"a":'.repeat(50_000)],
  ['YAML nested by dashes', '- '.repeat(20_000)],
  ['YAML nested by spaces', many(1_000, (depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ['aliases of aliases', bomb.join('\n')],
  ['an alias of itself', 'metadata: &a {name: *a}'],
  ['one key very often', `{${many(10_000, () => '"a":1').join(',')}}`],
  ['one field often', `{"metadata":{"name":"x"},${many(2_000, () => '"data":{}').join(',')}}`],
  ['a long number', `{"metadata":{"generation":${'9'.repeat(100_000)}}}`],
  ['a long exponent', `{"metadata":{"generation":1e${'9'.repeat(1_000)}}}`],
  [
    'many keys',
    JSON.stringify({ metadata: { annotations: Object.fromEntries(many(10_000, (key) => [`k${key}`, ''])) } }),
  ],
  ['many items of a set', JSON.stringify({ metadata: { finalizers: many(10_000, (item) => `a/b${item}`) } })],
  ['many items with a key', withSpec({ containers: many(3_000, (item) => ({ name: `c${item}`, image: 'web:1' })) })],
  [
    'one item very often',
    withSpec({ containers: [{ ...container, ports: many(10_000, () => ({ containerPort: 80 })) }] }),
  ],
])('%s: refused, or taken, soon', { timeout: 60_000 }, async (_, body) => {
  for (const path of collections.slice(0, 2))
    for (const how of [
      ['POST', 'application/json'],
      ['POST', 'application/yaml'],
      ['PATCH', 'application/merge-patch+json'],
      ['PATCH', 'application/strategic-merge-patch+json'],
      ['PATCH', 'application/json-patch+json'],
      ['PATCH', 'application/apply-patch+yaml'],
      ['DELETE', 'application/json'],
    ])
      await send(how, path, body);
});

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...'ab=!<>(),\\ \t.*/-01'), maxLength: 14 }),
  fc.constantFrom(
    '-1',
    '0',
    '1e9',
    '9'.repeat(30),
    'true',
    'All',
    'Exact',
    'NotOlderThan',
    '%',
    '\u0000',
    'x'.repeat(5_000),
  ),
);
const continued = fc
  .oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.record({ v: fc.constantFrom('meta.k8s.io/v1', 'v2'), rv: oddity, start: fc.oneof(text, oddity) }),
  )
  .map((token) => Buffer.from(JSON.stringify(token)).toString('base64url'));
const parameter = fc.oneof(
  fc.tuple(fc.constantFrom('labelSelector', 'fieldSelector', 'continue', 'limit', 'resourceVersion'), text),
  fc.tuple(fc.constantFrom('resourceVersionMatch', 'includeObject', 'pretty', 'timeoutSeconds', 'dryRun'), text),
  fc.tuple(
    fc.constantFrom('fieldManager', 'fieldValidation', 'force', 'gracePeriodSeconds', 'propagationPolicy'),
    text,
  ),
  fc.tuple(fc.constant('continue'), continued),
);

test('any query is answered or refused', patient, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      fc.constantFrom(...collections),
      fc.array(parameter, { maxLength: 4 }),
      async (method, path, parameters) => {
        const body = method === 'GET' ? undefined : '{}';
        const query = new URLSearchParams(parameters);
        // The objects stay for the next one.
        if (method !== 'GET') query.append('dryRun', 'All');
        await ask(method, `${path}${method === 'PUT' || method === 'PATCH' ? '/web' : ''}?${query}`, body, {
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        });
      },
    ),
    runs,
  );
});

test('any path, and whatever is said to be acceptable, is answered or refused', patient, async () => {
  const part = fc.oneof(
    text,
    fc.constantFrom('', '.', '..', 'api', 'v1', 'apis', 'namespaces', 'shop', 'watch', 'status'),
  );
  const path = fc.array(part, { maxLength: 7 }).map((parts) => `/${parts.map(encodeURIComponent).join('/')}`);
  const types = fc.constantFrom(
    '*/*',
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'x',
  );
  const clause = fc
    .tuple(types, fc.array(fc.tuple(fc.constantFrom('as', 'g', 'v', 'q', 'stream', 'pretty'), text), { maxLength: 3 }))
    .map(([type, parameters]) => [type, ...parameters.map((pair) => pair.join('='))].join(';'));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(path, fc.constantFrom(...collections, '/api', '/apis', '/version', '/openapi/v2')),
      fc.array(clause, { maxLength: 3 }),
      async (path, accept) => {
        await ask('GET', path, undefined, { accept: accept.join(',') });
      },
    ),
    runs,
  );
});
