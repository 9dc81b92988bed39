import { createHash } from 'node:crypto';
import type { HttpResponse } from '../../wire/http.ts';
import type { PathHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';

const info = { title: 'Kubernetes', version: '1.37' };
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The older spelling, which clients send and no media type may have. */
const protobufNames = [protobufType, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'];

const json = new TextEncoder().encode(JSON.stringify({ swagger: '2.0', info, paths: {} }));
/** `openapi.v2.Document` of gnostic: swagger is field 1, info field 2 (title 1, version 2), paths field 8. */
const protobuf = Buffer.concat([
  field(1, Buffer.from('2.0')),
  field(2, Buffer.concat([field(1, Buffer.from(info.title)), field(2, Buffer.from(info.version))])),
  field(8, Buffer.alloc(0)),
]);

/**
 * `/openapi/v2` names no paths and no types: whoever reads types reads them from `/openapi/v3`. It is there because kubectl asks it
 * about every kind that version 3 does not know, and takes its absence for a broken server rather than for an unknown kind.
 */
export const openApiV2: PathHandler = {
  paths: ['/openapi/v2'],
  fetch: async ({ http }: RequestContext): Promise<HttpResponse> => {
    const form = chooseForm(http.headers['accept'] ?? '');
    if (form === undefined) return { status: 406, headers: { vary: 'Accept' } };
    const etag = `"${createHash('sha256').update(form.body).digest('hex').toUpperCase()}"`;
    const headers = { etag, vary: 'Accept' };
    const known = (http.headers['if-none-match'] ?? '').split(',').some((each) => each.trim() === etag);
    if (known) return { status: 304, headers };
    return { status: 200, headers: { ...headers, 'content-type': form.type }, body: form.body };
  },
};

/** The first of the accepted forms that there is; JSON for whoever does not say. */
function chooseForm(accept: string): { readonly type: string; readonly body: Uint8Array<ArrayBuffer> } | undefined {
  if (accept.trim() === '') return { type: 'application/json', body: json };
  for (const each of accept.split(',')) {
    const name = (each.split(';')[0] ?? '').trim();
    if (['*/*', 'application/*', 'application/json'].includes(name)) return { type: 'application/json', body: json };
    if (protobufNames.includes(name)) return { type: protobufType, body: new Uint8Array(protobuf) };
  }
  return undefined;
}

/** A length-delimited field of a protobuf message, shorter than 128 bytes. */
function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
}
