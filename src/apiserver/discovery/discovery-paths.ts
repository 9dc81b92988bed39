import { createHash } from 'node:crypto';
import { resourceNotServed } from '../../machinery/status-errors.ts';
import type { HttpResponse } from '../../wire/http.ts';
import { valueFormat } from '../http/formats.ts';
import { objectMediaTypes } from '../http/media-types.ts';
import { negotiateAggregated, requireAcceptable } from '../http/negotiate.ts';
import { valueResponse } from '../http/respond.ts';
import type { ValueFormat } from '../http/value-format.ts';
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
  readonly contentType: string;
  readonly etag: string;
}

const aggregatedType = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

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
  answer(context: RequestContext, format: ValueFormat): HttpResponse | undefined {
    const [prefix, ...parts] = context.info.path.split('/').filter((part) => part !== '');
    if (prefix === 'api') return this.#legacy(context, parts, format);
    if (prefix !== 'apis') return undefined;
    const [name, version] = parts;
    const groups = this.#current().filter(({ group }) => group !== '');
    if (name === undefined) return this.#root(context, groups, apiGroupList(groups), format);
    const group = groups.find((each) => each.group === name);
    if (group === undefined) return undefined;
    return version === undefined
      ? plainResponse(context, apiGroup(group), format)
      : this.#version(context, group, version, format);
  }

  #legacy(context: RequestContext, [version]: readonly string[], format: ValueFormat): HttpResponse {
    const groups = this.#current().filter(({ group }) => group === '');
    if (version === undefined) {
      const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: this.#serverAddress() }];
      const versions = { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
      return this.#root(context, groups, versions, format);
    }
    return this.#version(context, groups[0], version, format);
  }

  #version(
    context: RequestContext,
    group: GroupVersions | undefined,
    version: string,
    format: ValueFormat,
  ): HttpResponse {
    const served = group?.versions.find((each) => each.version === version);
    if (served === undefined) throw resourceNotServed();
    return plainResponse(context, apiResourceList(served, this.#extensions), format);
  }

  /** The list of groups, or everything at once for clients that know how to read it. */
  #root(context: RequestContext, groups: readonly GroupVersions[], plain: object, format: ValueFormat): HttpResponse {
    const { headers } = context.http;
    const aggregated = negotiateAggregated(headers['accept'] ?? '');
    if (aggregated === undefined) return plainResponse(context, plain, format);
    const path = context.info.path.startsWith('/apis') ? '/apis' : '/api';
    const { body, contentType, etag } = this.#aggregate(
      path,
      groups,
      valueFormat({ format: aggregated, pretty: false }),
    );
    const common = { etag, vary: 'Accept', 'cache-control': 'public' };
    if (headers['if-none-match'] === etag) return { status: 304, headers: common };
    return { status: 200, headers: { ...common, 'content-type': contentType }, body };
  }

  #aggregate(path: string, groups: readonly GroupVersions[], format: ValueFormat): AggregatedDocument {
    const key = `${path} ${format.contentType}`;
    const known = this.#aggregated.get(key);
    if (known !== undefined) return known;
    const body = format.value(apiGroupDiscoveryList(groups, this.#extensions));
    const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
    const document = { body, contentType: format.contentType + aggregatedType, etag };
    this.#aggregated.set(key, document);
    return document;
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

function plainResponse({ http }: RequestContext, value: object, format: ValueFormat): HttpResponse {
  requireAcceptable(http.headers['accept'] ?? '', objectMediaTypes);
  return valueResponse(200, value, format);
}
