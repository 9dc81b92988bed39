import type { HttpResponse } from '../../wire/http.ts';
import type { DiscoveryPaths } from '../discovery/discovery-paths.ts';
import { versionDocument } from '../discovery/server-version.ts';
import type { PathHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';
import { requireAcceptable } from './negotiate.ts';
import { valueResponse } from './respond.ts';
import { methodNotAllowed } from './route.ts';
import { prettyFormat } from './text-formats.ts';
import type { ValueFormat } from './value-format.ts';

/** Answers paths that are no resource: discovery, the version, an index, and what others have added. */
export class PathRouter {
  readonly #discovery: DiscoveryPaths;
  readonly #exact = new Map<string, PathHandler>();
  /** Longest first. */
  readonly #prefixes: (readonly [prefix: string, handler: PathHandler])[] = [];

  constructor(discovery: DiscoveryPaths, handlers: readonly PathHandler[]) {
    this.#discovery = discovery;
    for (const handler of handlers) {
      for (const path of handler.paths) {
        if (path.endsWith('/*')) this.#prefixes.push([path.slice(0, -1), handler]);
        else this.#exact.set(path, handler);
      }
    }
    this.#prefixes.sort(([a], [b]) => b.length - a.length);
  }

  /** Undefined when nothing answers this path. */
  async fetch(context: RequestContext, format: ValueFormat): Promise<HttpResponse | undefined> {
    const { path } = context.info;
    const handler = this.#handler(path);
    const { method } = context.http;
    if (handler !== undefined) {
      if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
      return handler.fetch(context);
    }
    const answer = this.#own(context, path, format);
    if (answer !== undefined && method !== 'GET') throw methodNotAllowed();
    return answer;
  }

  #own(context: RequestContext, path: string, format: ValueFormat): HttpResponse | undefined {
    if (path === '/') return valueResponse(200, { paths: this.#index() }, prettyFormat);
    if (path === '/version' || path === '/version/') {
      requireAcceptable(context.http.headers['accept'] ?? '', [prettyFormat.contentType]);
      return valueResponse(200, versionDocument(), prettyFormat);
    }
    return this.#discovery.answer(context, format);
  }

  #handler(path: string): PathHandler | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    return this.#prefixes.find(([prefix]) => path.startsWith(prefix) && path.length > prefix.length)?.[1];
  }

  #index(): readonly string[] {
    return [...this.#discovery.paths(), ...this.#exact.keys(), '/version'].toSorted();
  }
}
