import { createHash } from 'node:crypto';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { SchemaSource } from '../../machinery/schema/schema.ts';
import type { ResourceDefinition } from '../../resources/definition.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { RecentMap } from '../authn/recent-map.ts';
import type { ConnectHandler, PathHandler, SubresourceHandler } from '../registry/extension-points.ts';
import type { RequestContext } from '../request.ts';
import { groupVersionDocument } from './group-version-document.ts';

/** The definitions as they are served right now. */
interface ServedDefinitions {
  /** Moves on with every change. */
  readonly generation: number;
  all(): Iterable<{ readonly definition: ResourceDefinition }>;
}

export interface OpenApiV3Options {
  readonly served: ServedDefinitions;
  readonly subresources: readonly SubresourceHandler[];
  readonly connects: readonly ConnectHandler[];
  readonly schemas: SchemaSource;
  readonly environment: Environment;
}

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
  readonly #options: OpenApiV3Options;
  readonly #documents = new RecentMap<string, Document>(keptDocuments);
  readonly #hashes = new Map<string, string>();
  #generation = -1;

  constructor(options: OpenApiV3Options) {
    this.#options = options;
  }

  async fetch({ info, query, http }: RequestContext): Promise<HttpResponse> {
    const { served } = this.#options;
    if (served.generation !== this.#generation) {
      this.#generation = served.generation;
      this.#hashes.clear();
    }
    if (info.path === root) return this.#index();
    const groupVersion = info.path.slice(root.length + 1);
    if (!this.#groupVersions().has(groupVersion)) return { status: 404, headers: {} };
    if (!acceptsJson(http.headers['accept'])) return { status: 406, headers: { vary: 'Accept' } };
    return this.#answer(groupVersion, query.get('hash') ?? '', http.headers['if-none-match'] ?? '');
  }

  /** Makes every document once to learn its hash; lets others in between. */
  async #index(): Promise<HttpResponse> {
    const paths: Record<string, object> = {};
    for (const groupVersion of [...this.#groupVersions().keys()].sort()) {
      if (!this.#hashes.has(groupVersion)) {
        this.#document(groupVersion);
        await this.#options.environment.turn();
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
    const { subresources, connects, schemas } = this.#options;
    const groupVersions = this.#groupVersions();
    const definitions = groupVersions.get(groupVersion) ?? [];
    const allDefinitions = [...groupVersions.values()].flat();
    const { group = '', version = '' } = definitions[0]?.type ?? {};
    const sources = { group, version, definitions, allDefinitions, subresources, connects, schemas };
    const document = groupVersionDocument(sources);
    const body = new TextEncoder().encode(JSON.stringify(document));
    const hash = createHash('sha256').update(body).digest('hex').toUpperCase();
    this.#documents.set(key, { hash, body });
    this.#hashes.set(groupVersion, hash);
    return { hash, body };
  }

  /** The definitions by `api/v1`, `apis/apps/v1`. */
  #groupVersions(): ReadonlyMap<string, readonly ResourceDefinition[]> {
    const all = [...this.#options.served.all()].map((each) => each.definition);
    return Map.groupBy(all, ({ type }) =>
      type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`,
    );
  }

  #expires(): string {
    return new Date(this.#options.environment.now() + yearMs).toUTCString();
  }
}

function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((each) => /^\s*(\*\/\*|application\/(\*|json))\s*(;|$)/.test(each));
}
