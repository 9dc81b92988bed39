import { pipeline, Readable, Transform } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';
import type { HttpBody, HttpResponse } from '../../wire/http.ts';
import { HtmlLinks } from './html-links.ts';

/** What takes a content encoding off a body and puts it on again. */
const codecs: Readonly<Record<string, () => readonly [Transform, Transform]>> = {
  gzip: () => [createGunzip(), createGzip()],
  deflate: () => [createInflateRaw(), createDeflateRaw()],
};

/** A page of HTML with its links rewritten, as it comes; any other answer as it is. */
export function withLinksRewritten(answer: HttpResponse, rewrite: (link: string) => string): HttpResponse {
  const { headers, body } = answer;
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim();
  const encoding = headers['content-encoding'] ?? '';
  // A page in an encoding that is not known is passed on as it is.
  if (body === undefined || type !== 'text/html' || (encoding !== '' && codecs[encoding] === undefined)) return answer;
  const { 'content-length': _length, ...kept } = headers;
  return { ...answer, headers: kept, body: rewritten(body, rewrite, codecs[encoding]?.()) };
}

function rewritten(
  body: HttpBody,
  rewrite: (link: string) => string,
  codec: readonly [Transform, Transform] | undefined,
): HttpBody {
  const links = new HtmlLinks(rewrite);
  const page = new Transform({
    transform: (chunk: Buffer, _, callback) => callback(null, links.push(chunk)),
    flush: (callback) => callback(null, links.end()),
  });
  const source = Readable.from(body instanceof Uint8Array ? [body] : body, { objectMode: false });
  const [before, after] = codec ?? [];
  const parts = [source, before, page, after].filter((each) => each !== undefined);
  // What goes wrong in any part is thrown to who reads the last.
  pipeline(parts, () => undefined);
  return after ?? page;
}
