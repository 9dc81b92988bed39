import { createHash } from 'node:crypto';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { RecentMap } from '../authn/recent-map.ts';
import type { PathHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';
import type { ServedDocuments } from './served-documents.ts';

interface Document {
  readonly hash: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

const root = '/openapi/v3';
const yearMs = 365 * 24 * 3_600_000;
/** Documents are some 300 KB each, quickly made, and seldom asked for twice: clients keep them by their hash. */
const keptDocuments = 4;

/**
 * `/openapi/v3`: which documents there are, each with its hash, and one document for each group and version. Nothing is made before
 * it is asked for.
 */
export class OpenApiV3 implements PathHandler {
  readonly paths = [root, `${root}/*`];
  readonly #served: ServedDocuments;
  readonly #environment: Environment;
  readonly #documents = new RecentMap<string, Document>(keptDocuments);
  readonly #hashes = new Map<string, string>();
  #generation = -1;

  constructor(served: ServedDocuments, environment: Environment) {
    this.#served = served;
    this.#environment = environment;
  }

  async fetch({ info, query, http }: RequestContext): Promise<HttpResponse> {
    if (this.#served.generation !== this.#generation) {
      this.#generation = this.#served.generation;
      this.#hashes.clear();
    }
    if (info.path === root) return this.#index();
    const groupVersion = info.path.slice(root.length + 1);
    if (!this.#served.names().includes(groupVersion)) return { status: 404, headers: {} };
    if (!acceptsJson(http.headers['accept'])) return { status: 406, headers: { vary: 'Accept' } };
    return this.#answer(groupVersion, query.get('hash') ?? '', http.headers['if-none-match'] ?? '');
  }

  /** Makes every document once to learn its hash; lets others in between. */
  async #index(): Promise<HttpResponse> {
    const paths: Record<string, object> = {};
    for (const groupVersion of this.#served.names()) {
      if (!this.#hashes.has(groupVersion)) {
        this.#document(groupVersion);
        await this.#environment.turn();
      }
      paths[groupVersion] = { serverRelativeURL: `${root}/${groupVersion}?hash=${this.#hashes.get(groupVersion)}` };
    }
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify({ paths })),
    };
  }

  #answer(groupVersion: string, wanted: string, known: string): HttpResponse {
    const { hash, body } = this.#document(groupVersion);
    const headers = { etag: `"${hash}"`, vary: 'Accept' };
    if (wanted !== '' && wanted !== hash) {
      return { status: 301, headers: { ...headers, location: `${root}/${groupVersion}?hash=${hash}` } };
    }
    if (known.split(',').some((each) => each.trim() === headers.etag)) return { status: 304, headers };
    const lasting = wanted === '' ? {} : { 'cache-control': 'public, immutable', expires: this.#expires() };
    return { status: 200, headers: { ...headers, 'content-type': 'application/json', ...lasting }, body };
  }

  #document(groupVersion: string): Document {
    const key = `${this.#generation} ${groupVersion}`;
    const known = this.#documents.get(key);
    if (known !== undefined) return known;
    const body = new TextEncoder().encode(JSON.stringify(this.#served.document(groupVersion)));
    const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
    this.#documents.set(key, { hash, body });
    this.#hashes.set(groupVersion, hash);
    return { hash, body };
  }

  #expires(): string {
    return new Date(this.#environment.now() + yearMs).toUTCString();
  }
}

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((each) => /^\s*(\*\/\*|application\/(\*|json))\s*(;|$)/.test(each));
}
