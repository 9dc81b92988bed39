import { requestEntityTooLarge, unsupportedMediaType } from '../../machinery/status-errors.ts';
import type { HttpRequest } from '../../wire/http.ts';
import { BodyTooLargeError, readHttpBody } from '../../wire/http-body.ts';
import { objectMediaTypes, protobufMediaType } from './media-types.ts';

/** As much as Kubernetes takes: what etcd takes, and room for the parts that are not stored. */
const maxBodyBytes = 3 * 1024 * 1024;

/** The whole body. Throws RequestEntityTooLarge. */
export async function readBody(request: HttpRequest): Promise<Uint8Array> {
  try {
    return await readHttpBody(request.body, maxBodyBytes);
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw requestEntityTooLarge(`limit is ${error.limitBytes}`);
    throw error;
  }
}

/** The media type of the body without its parameters, in lower case; empty when none is given. */
export function mediaType(request: HttpRequest): string {
  const header = request.headers['content-type'] ?? '';
  const semicolon = header.indexOf(';');
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

/** How the object in the body is written; JSON when nothing is said. Throws UnsupportedMediaType. */
export function bodyFormat(request: HttpRequest): 'json' | 'yaml' | 'protobuf' {
  const type = mediaType(request);
  if (type === 'application/json' || type === '') return 'json';
  if (type === 'application/yaml') return 'yaml';
  if (type === protobufMediaType) return 'protobuf';
  throw unsupportedMediaType(objectMediaTypes);
}
