import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testApiServer } from '../../../test/support/test-api-server.ts';
import type { Client, ListOptions } from '../../client/client.ts';
import { isReason } from '../../machinery/status-error.ts';
import type { ConfigMap } from '../../resources/schema/core-v1.generated.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';

const namespace = 'default';
const step = fc.record({
  verb: fc.constantFrom('create', 'update', 'patch', 'delete', 'finalize'),
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  color: fc.constantFrom('red', 'blue'),
  value: fc.nat(5),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function perform(client: Client, { verb, name, color, value }: Step): Promise<void> {
  const key = { namespace, name };
  const labels = { color };
  const data = { value: String(value) };
  switch (verb) {
    case 'create': {
      const finalizers = value === 0 ? ['example.com/hold'] : [];
      await client.create(configMaps, { metadata: { ...key, labels, finalizers }, data });
      return;
    }
    case 'update':
      await client.update(configMaps, { metadata: { ...key, labels }, data });
      return;
    case 'patch':
      await client.patch(configMaps, key, { type: 'merge', body: { metadata: { labels }, data } });
      return;
    case 'delete':
      await client.delete(configMaps, key);
      return;
    case 'finalize':
      await client.patch(configMaps, key, { type: 'merge', body: { metadata: { finalizers: null } } });
      return;
  }
}

/** Follows a watch as an informer does, and checks what every watch promises. */
function follow(client: Client, options: ListOptions, signal: AbortSignal) {
  const seen = new Map<string, ConfigMap>();
  let last = 0;
  const problems: string[] = [];
  const done = (async () => {
    for await (const event of client.watch(configMaps, { ...options, signal, resourceVersion: '1' })) {
      if (event.type === 'BOOKMARK') continue;
      const name = event.object.metadata.name ?? '';
      const revision = Number(event.object.metadata.resourceVersion);
      if (revision <= last) problems.push(`${name} at ${revision} comes after ${last}`);
      if (event.type === 'ADDED' && seen.has(name)) problems.push(`${name} is added twice`);
      if (event.type !== 'ADDED' && !seen.has(name)) problems.push(`${name} is ${event.type} and was never added`);
      last = revision;
      if (event.type === 'DELETED') seen.delete(name);
      else seen.set(name, event.object);
    }
  })().catch(() => undefined);
  return { seen, problems, done };
}

test('whatever several clients do at once, watches end up where lists are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 4 }), async (clients) => {
      const { client, environment } = await testApiServer();
      const abort = new AbortController();
      const scopes: ListOptions[] = [
        { namespace },
        { namespace, labelSelector: 'color=red' },
        { namespace, fieldSelector: 'metadata.name=b' },
        { namespace, fieldSelector: 'metadata.name!=a', labelSelector: 'color in (blue)' },
      ];
      const follows = scopes.map((options) => follow(client, options, abort.signal));
      await Promise.all(
        clients.map(async (steps) => {
          for (const each of steps) {
            await perform(client, each).catch((error: unknown) => {
              const expected = ['AlreadyExists', 'NotFound', 'Conflict', 'Invalid'] as const;
              if (!expected.some((reason) => isReason(error, reason))) throw error;
            });
          }
        }),
      );
      await environment.settle();
      abort.abort();
      await Promise.all(follows.map(({ done }) => done));
      for (const [index, options] of scopes.entries()) {
        const { seen, problems } = follows[index] ?? { seen: new Map(), problems: ['not followed'] };
        const { items } = await client.list(configMaps, options);
        expect(problems).toEqual([]);
        expect([...seen.values()].map((object) => object.metadata)).toEqual(
          expect.arrayContaining(items.map((object) => object.metadata)),
        );
        expect(seen.size).toBe(items.length);
      }
    }),
    { numRuns: 60 },
  );
});
