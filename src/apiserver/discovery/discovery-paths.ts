import { createHash } from 'node:crypto';
import { resourceNotServed } from '../../machinery/status-errors.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { valueResponse } from '../http/respond.ts';
import { compactFormat, type TextFormat } from '../http/text-formats.ts';
import type { Extensions } from '../registry/extensions.ts';
import type { ServedResources } from '../registry/served-resources.ts';
import type { RequestContext } from '../request.ts';
import {
  apiGroup,
  apiGroupDiscoveryList,
  apiGroupList,
  apiResourceList,
  type GroupVersions,
  groupVersions,
} from './discovery-documents.ts';

interface AggregatedDocument {
  readonly body: Uint8Array;
  readonly etag: string;
}

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Tells clients what is served. Documents are made anew when a definition has come or gone. */
export class DiscoveryPaths {
  readonly #resources: ServedResources;
  readonly #extensions: Extensions;
  /** `host:port` of this server, as clients outside reach it; asked each time, for it may only be known later. */
  readonly #serverAddress: () => string;
  #generation = -1;
  #groups: readonly GroupVersions[] = [];
  readonly #aggregated = new Map<string, AggregatedDocument>();

  constructor(resources: ServedResources, extensions: Extensions, serverAddress: () => string) {
    this.#resources = resources;
    this.#extensions = extensions;
    this.#serverAddress = serverAddress;
  }

  /** Every path that answers now, for the index. */
  paths(): readonly string[] {
    const named = this.#current().filter(({ group }) => group !== '');
    const ofGroup = ({ group, versions }: GroupVersions): readonly string[] => [
      `/apis/${group}`,
      ...versions.map(({ version }) => `/apis/${group}/${version}`),
    ];
    return ['/api', '/api/v1', '/apis', '/apis/', ...named.flatMap(ofGroup)];
  }

  /** Undefined for a path that is none of discovery's. Throws NotFound for a version that is not served. */
  answer(context: RequestContext, format: TextFormat): HttpResponse | undefined {
    const [prefix, ...parts] = context.info.path.split('/').filter((part) => part !== '');
    if (prefix === 'api') return this.#legacy(context, parts, format);
    if (prefix !== 'apis') return undefined;
    const [name, version] = parts;
    const groups = this.#current().filter(({ group }) => group !== '');
    if (name === undefined) return this.#root(context, groups, apiGroupList(groups), format);
    const group = groups.find((each) => each.group === name);
    if (group === undefined) return undefined;
    return version === undefined ? valueResponse(200, apiGroup(group), format) : this.#version(group, version, format);
  }

  #legacy(context: RequestContext, [version]: readonly string[], format: TextFormat): HttpResponse {
    const groups = this.#current().filter(({ group }) => group === '');
    if (version === undefined) {
      const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: this.#serverAddress() }];
      const versions = { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
      return this.#root(context, groups, versions, format);
    }
    return this.#version(groups[0], version, format);
  }

  #version(group: GroupVersions | undefined, version: string, format: TextFormat): HttpResponse {
    const served = group?.versions.find((each) => each.version === version);
    if (served === undefined) throw resourceNotServed();
    return valueResponse(200, apiResourceList(served, this.#extensions), format);
  }

  /** The list of groups, or everything at once for clients that know how to read it. */
  #root(context: RequestContext, groups: readonly GroupVersions[], plain: object, format: TextFormat): HttpResponse {
    const { headers } = context.http;
    if (!wantsAggregated(headers['accept'] ?? '')) {
      const response = valueResponse(200, plain, format);
      return { ...response, headers: { ...response.headers, vary: 'Accept' } };
    }
    const { body, etag } = this.#aggregate(context.info.path.startsWith('/apis') ? '/apis' : '/api', groups);
    const common = { etag, vary: 'Accept', 'cache-control': 'public' };
    if (headers['if-none-match'] === etag) return { status: 304, headers: common };
    return { status: 200, headers: { ...common, 'content-type': aggregatedType }, body };
  }

  #aggregate(path: string, groups: readonly GroupVersions[]): AggregatedDocument {
    const known = this.#aggregated.get(path);
    if (known !== undefined) return known;
    const text = JSON.stringify(apiGroupDiscoveryList(groups, this.#extensions));
    const body = compactFormat.document([new TextEncoder().encode(text)]);
    const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
    this.#aggregated.set(path, { body, etag });
    return { body, etag };
  }

  #current(): readonly GroupVersions[] {
    if (this.#generation !== this.#resources.generation) {
      this.#generation = this.#resources.generation;
      this.#groups = groupVersions([...this.#resources.all()].map(({ definition }) => definition));
      this.#aggregated.clear();
    }
    return this.#groups;
  }
}

function wantsAggregated(accept: string): boolean {
  return accept.split(',').some((clause) => {
    const parts = new Set(clause.split(';').map((part) => part.trim()));
    return (
      parts.has('application/json') &&
      parts.has('g=apidiscovery.k8s.io') &&
      parts.has('v=v2') &&
      parts.has('as=APIGroupDiscoveryList')
    );
  });
}
