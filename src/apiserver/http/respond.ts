import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { StatusError } from '../../machinery/status-error.ts';
import type { HttpBody, HttpResponse } from '../../wire/http.ts';
import type { ValueFormat } from './value-format.ts';

/** An answer of one object that is no stored one: a Status, a review, a document of discovery. */
export function valueResponse(status: number, value: object, format: ValueFormat): HttpResponse {
  return { status, headers: { 'content-type': format.contentType }, body: format.value(value) };
}

/**
 * The answer to a request that failed. Only an error that names a time has the header: Go clients try again by themselves where there is
 * one, and an eviction that a budget refuses is to be told to them at once.
 */
export function errorResponse(error: StatusError, format: ValueFormat): HttpResponse {
  const response = valueResponse(error.status.code, error.status, format);
  const retryAfter = error.status.details?.retryAfterSeconds ?? 0;
  if (retryAfter <= 0) return response;
  return { ...response, headers: { ...response.headers, 'retry-after': String(retryAfter) } };
}

/** Answers smaller than this are not worth compressing; the same bound as Kubernetes has. */
const compressFromBytes = 128 * 1024;

/** The response compressed, when the client takes that and it is worth it. A body that comes in pieces is a large one. */
export function compressed(response: HttpResponse, acceptEncoding: string): HttpResponse {
  const { body } = response;
  if (body === undefined || !/(^|,)\s*gzip\s*(;(?!\s*q=0(\.0*)?\s*(,|$))|,|$)/i.test(acceptEncoding)) return response;
  if (body instanceof Uint8Array && body.length < compressFromBytes) return response;
  const { vary } = response.headers;
  const varies = vary === undefined ? 'Accept-Encoding' : `Accept-Encoding, ${vary}`;
  const headers = { ...response.headers, 'content-encoding': 'gzip', vary: varies };
  return { ...response, headers, body: gzip(body) };
}

/** Level 1, as Kubernetes has it: most of the gain at a fraction of the time. Runs in a thread of its own. */
function gzip(body: HttpBody): AsyncIterable<Uint8Array> {
  const source = Readable.from(body instanceof Uint8Array ? [body] : body);
  const stream = createGzip({ level: 1 });
  source.on('error', (error) => stream.destroy(error));
  return source.pipe(stream);
}

const maxWarningLength = 4 * 1024;

/** The value of the `Warning` header; later lines are left out when there are too many. */
export function warningHeader(warnings: Iterable<string>): string {
  let header = '';
  for (const warning of warnings) {
    const text = warning.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').replaceAll(/["\\]/g, '\\$&');
    const line = `299 - "${text}"`;
    if (header.length + line.length > maxWarningLength) break;
    header += header === '' ? line : `, ${line}`;
  }
  return header;
}
