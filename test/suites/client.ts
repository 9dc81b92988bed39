import { describe, expect, test } from 'vitest';
import type { Client, WatchEvent, WriteOptions } from '../../src/client/client.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import type { TokenRequest } from '../../src/resources/schema/authentication-v1.generated.ts';
import type { ConfigMap } from '../../src/resources/schema/core-v1.generated.ts';
import { configMaps, namespaces, pods, serviceAccounts } from '../../src/resources/schema/resource-types.generated.ts';
import { readHttpText } from '../../src/wire/http-body.ts';

export interface ClientUnderTest {
  /** Before an empty API server that lets it do everything, and has tokens for the ServiceAccount `robot` of `default`. */
  readonly client: Client;
  dispose(): Promise<void>;
}

const map = (name: string, rest: object = {}): ConfigMap => ({ metadata: { name, namespace: 'default' }, ...rest });
const key = (name: string) => ({ namespace: 'default', name });

async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof StatusError)) throw new Error(`not a StatusError: ${String(error)}`);
  return error;
}

const nameOf = (event: WatchEvent<KubeObject>) =>
  event.type === 'BOOKMARK' ? `BOOKMARK ${event.initialEventsEnd}` : `${event.type} ${event.object.metadata.name}`;

/** What every `Client` does alike, whatever is between it and the server. */
export function clientSuite(name: string, open: () => Promise<ClientUnderTest>): void {
  /** A client in a server with the namespace `default`. */
  async function within(act: (client: Client) => Promise<void>): Promise<void> {
    const { client, dispose } = await open();
    try {
      await client.create(namespaces, { metadata: { name: 'default' } });
      await act(client);
    } finally {
      await dispose();
    }
  }

  describe(name, () => {
    test('creates, gets, replaces and deletes', () =>
      within(async (client) => {
        const made = await client.create(configMaps, map('a', { data: { x: '1' } }));
        expect(made).toMatchObject({
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name: 'a', namespace: 'default' },
          data: { x: '1' },
        });
        expect(await client.get(configMaps, key('a'))).toEqual(made);
        const changed = await client.update(configMaps, { ...made, data: { x: '2' } });
        expect(changed.data).toEqual({ x: '2' });
        expect(await client.delete(configMaps, key('a'))).toMatchObject({ kind: 'Status', status: 'Success' });
        expect(await failure(client.get(configMaps, key('a')))).toMatchObject({
          code: 404,
          reason: 'NotFound',
          message: 'configmaps "a" not found',
          status: { details: { name: 'a', kind: 'configmaps' } },
        });
      }));

    test('refuses what is there, what is old, and what is wrong', () =>
      within(async (client) => {
        const made = await client.create(configMaps, map('a'));
        expect(await failure(client.create(configMaps, map('a')))).toMatchObject({
          reason: 'AlreadyExists',
          code: 409,
        });
        await client.update(configMaps, { ...made, data: { x: '1' } });
        expect(await failure(client.update(configMaps, { ...made, data: { x: '2' } }))).toMatchObject({
          reason: 'Conflict',
        });
        const invalid = await failure(client.create(configMaps, map('A_b')));
        expect(invalid).toMatchObject({ reason: 'Invalid', code: 422 });
        expect(invalid.status.details?.causes?.[0]?.field).toBe('metadata.name');
        const nowhere = await failure(client.create(configMaps, { metadata: { name: 'b' } }));
        expect(nowhere.message).toBe('a ConfigMap is created in a namespace, and this one has no metadata.namespace');
        const wrong = client.delete(configMaps, key('a'), { preconditions: { uid: 'other' } });
        expect(await failure(wrong)).toMatchObject({ reason: 'Conflict' });
      }));

    test('patches in every way', () =>
      within(async (client) => {
        await client.create(configMaps, map('a', { data: { x: '1' } }));
        const data = async (patched: Promise<ConfigMap>) => (await patched).data;
        expect(await data(client.patch(configMaps, key('a'), { type: 'merge', body: { data: { y: '2' } } }))).toEqual({
          x: '1',
          y: '2',
        });
        const operations = [{ op: 'remove', path: '/data/x' }] as const;
        expect(await data(client.patch(configMaps, key('a'), { type: 'json', operations }))).toEqual({ y: '2' });
        const strategic = { type: 'strategic', body: { data: { z: '3' } } } as const;
        expect(await data(client.patch(configMaps, key('a'), strategic))).toEqual({ y: '2', z: '3' });
        for (const type of ['merge', 'strategic'] as const)
          expect(await data(client.patch(configMaps, key('a'), { type, body: { data: undefined } }))).toEqual({
            y: '2',
            z: '3',
          });
      }));

    test('applies, and takes fields over only by force', () =>
      within(async (client) => {
        await client.create(configMaps, map('a', { data: { x: '1' } }), { fieldManager: 'them' });
        const body = { apiVersion: 'v1', kind: 'ConfigMap', data: { x: '5', y: '6' } };
        const apply = (force?: true) =>
          client.patch(configMaps, key('a'), { type: 'apply', body }, { fieldManager: 'me', ...(force && { force }) });
        const refused = await failure(apply());
        expect(refused).toMatchObject({ reason: 'Conflict', message: expect.stringContaining('conflict with "them"') });
        const forced = await apply(true);
        expect(forced.data).toEqual({ x: '5', y: '6' });
        expect(forced.metadata.managedFields?.map((entry) => entry.manager)).toContain('me');
      }));

    test('a dry run stores nothing', () =>
      within(async (client) => {
        await client.create(configMaps, map('a'), { dryRun: true });
        expect(await failure(client.get(configMaps, key('a')))).toMatchObject({ reason: 'NotFound' });
        await client.create(configMaps, map('a'));
        await client.delete(configMaps, key('a'), { dryRun: true });
        await client.get(configMaps, key('a'));
      }));

    test('lists by namespace and selector, page by page, and deletes as many', () =>
      within(async (client) => {
        await client.create(namespaces, { metadata: { name: 'other' } });
        for (const each of ['a', 'b', 'c']) {
          const labels = each === 'b' ? {} : { keep: 'no' };
          await client.create(configMaps, { metadata: { name: each, namespace: 'default', labels } });
        }
        await client.create(configMaps, { metadata: { name: 'd', namespace: 'other' } });
        const names = async (options: Parameters<Client['list']>[1]) => {
          const list = await client.list(configMaps, options);
          return list.items.map((item) => item.metadata.name);
        };
        expect(await names({})).toEqual(['a', 'b', 'c', 'd']);
        expect(await names({ namespace: 'default', labelSelector: 'keep!=no' })).toEqual(['b']);
        expect(await names({ fieldSelector: 'metadata.name=c' })).toEqual(['c']);
        const first = await client.list(configMaps, { namespace: 'default', limit: 2 });
        expect(first.metadata.remainingItemCount).toBe(1);
        expect(await names({ namespace: 'default', limit: 2, continue: first.metadata.continue })).toEqual(['c']);
        await client.deleteCollection(configMaps, { namespace: 'default', labelSelector: 'keep=no' });
        expect(await names({})).toEqual(['b', 'd']);
      }));

    test('writes status and subresources of another kind', () =>
      within(async (client) => {
        const spec = { containers: [{ name: 'c', image: 'x' }] };
        const made = await client.create(pods, { metadata: { name: 'p', namespace: 'default' }, spec });
        const changed = { ...made, spec: { ...spec, priority: 5 }, status: { phase: 'Running' } };
        expect(await client.update(pods, changed, { subresource: 'status' })).toMatchObject({
          status: { phase: 'Running' },
        });
        expect((await client.get(pods, key('p'))).spec?.priority).not.toBe(5);
        const unknown = client.createSubresource(pods, key('p'), 'nonsense', { kind: 'X', apiVersion: 'v1' });
        expect(await failure(unknown)).toMatchObject({ code: 404 });
      }));

    test('a body of another kind is decoded: defaulted, owned, and refused where it has unknown fields', () =>
      within(async (client) => {
        const ask = (body: object, options: WriteOptions = {}) =>
          client.createSubresource<object, TokenRequest>(serviceAccounts, key('robot'), 'token', body, options);
        const type = { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' };
        expect(await ask(type)).toMatchObject({
          ...type,
          metadata: { name: 'robot', namespace: 'default', uid: 'robot-1' },
          spec: { audiences: ['https://test'], expirationSeconds: 3600 },
          status: { token: expect.any(String) },
        });
        const { metadata } = await ask({ ...type, spec: { expirationSeconds: 600 } }, { fieldManager: 'me' });
        const fieldsV1 = { 'f:spec': { 'f:expirationSeconds': {} } };
        expect(metadata.managedFields).toMatchObject([{ manager: 'me', subresource: 'token', fieldsV1 }]);
        const unknown = ask({ ...type, spec: { lifetime: 600 } }, { fieldValidation: 'Strict' });
        expect(await failure(unknown)).toMatchObject({
          code: 400,
          message: expect.stringContaining('unknown field "spec.lifetime"'),
        });
      }));

    test('watches: initial state, what changes, and what ends it', () =>
      within(async (client) => {
        await client.create(configMaps, map('a'));
        const seen: string[] = [];
        const options = {
          namespace: 'default',
          sendInitialEvents: true,
          allowWatchBookmarks: true,
          resourceVersionMatch: 'NotOlderThan',
        } as const;
        for await (const event of client.watch(configMaps, options)) {
          seen.push(nameOf(event));
          if (event.type === 'BOOKMARK') {
            expect(Number(event.resourceVersion)).toBeGreaterThan(0);
            await client.create(configMaps, map('b'));
            await client.delete(configMaps, key('a'));
          }
          if (event.type === 'DELETED') break;
        }
        expect(seen).toEqual(['ADDED a', 'BOOKMARK true', 'ADDED b', 'DELETED a']);
      }));

    test('a call whose signal is aborted already, with the reason of the signal', () =>
      within(async (client) => {
        const reason = new Error('not any more');
        const signal = AbortSignal.abort(reason);
        await expect(client.get(configMaps, { namespace: 'default', name: 'a' }, { signal })).rejects.toBe(reason);
        const object = { metadata: { namespace: 'default', name: 'a' } };
        await expect(client.create(configMaps, object, { signal })).rejects.toBe(reason);
        expect((await client.list(configMaps, { namespace: 'default' })).items).toEqual([]);
      }));

    test('unknown fields, where they are asked to be', () =>
      within(async (client) => {
        const object = { metadata: { namespace: 'default', name: 'a' }, data: {}, dato: { a: 'b' } };
        await expect(client.create(configMaps, object, { fieldValidation: 'Strict' })).rejects.toThrow(
          'strict decoding error: unknown field "dato"',
        );
        expect((await client.create(configMaps, object)).metadata.name).toBe('a');
      }));

    test('a watch that is refused, or aborted', () =>
      within(async (client) => {
        const drain = async (events: AsyncIterable<unknown>) => {
          for await (const _ of events);
        };
        expect(await failure(drain(client.watch(configMaps, { labelSelector: '!!' })))).toMatchObject({
          reason: 'BadRequest',
        });
        const abort = new AbortController();
        const reason = new Error('enough');
        const watching = drain(client.watch(configMaps, { signal: abort.signal }));
        await client.create(configMaps, map('a'));
        abort.abort(reason);
        await expect(watching).rejects.toBe(reason);
      }));

    test('paths outside the resources', () =>
      within(async (client) => {
        const answer = await client.http.fetch({ method: 'GET', path: '/version', headers: {} });
        expect(answer.status).toBe(200);
        expect(JSON.parse(await readHttpText(answer.body))).toMatchObject({ major: '1' });
      }));
  });
}
