import { expect, test } from 'vitest';
import { resourceContext } from '../../../test/support/resource-context.ts';
import { openApiV2 } from './openapi-v2.ts';

async function ask(headers: Record<string, string>) {
  const path = '/openapi/v2';
  const {
    status,
    headers: answered,
    body,
  } = await openApiV2.fetch({
    ...resourceContext({}),
    info: { isResource: false, path, verb: 'get' },
    http: { method: 'GET', path, headers },
  });
  return { status, type: answered['content-type'], etag: answered['etag'], body: body as Uint8Array | undefined };
}

test('is a valid empty document in JSON', async () => {
  for (const accept of ['', '*/*', 'application/json;q=0.5', 'text/plain, application/*']) {
    const { type, body } = await ask(accept === '' ? {} : { accept });
    expect(type).toBe('application/json');
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({
      swagger: '2.0',
      info: { title: 'Kubernetes', version: '1.37' },
      paths: {},
    });
  }
});

test("is the protobuf of kubectl's discovery under both spellings of its name", async () => {
  for (const sign of ['@', '.']) {
    const { type, body } = await ask({ accept: `application/com.github.proto-openapi.spec.v2${sign}v1.0+protobuf` });
    expect(type).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(Buffer.from(body ?? []).toString('latin1')).toBe(
      '\n\u00032.0\u0012\u0012\n\nKubernetes\u0012\u00041.37B\u0000',
    );
  }
});

test('answers who knows it already, and who takes neither form', async () => {
  const { etag } = await ask({});
  expect(await ask({ 'if-none-match': etag ?? '' })).toMatchObject({ status: 304, body: undefined });
  expect(await ask({ accept: 'text/plain' })).toMatchObject({ status: 406 });
});
