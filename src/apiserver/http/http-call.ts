import type { HttpRequest } from '../../wire/http.ts';
import type { Call } from '../registry/call.ts';
import type { ResourceContext } from '../registry/extension-points.ts';
import type { RequestContext, RequestInfo, ResourceRequestInfo, UserInfo } from '../request.ts';
import type { ParsedRequest } from './request-info.ts';

/** A request over HTTP once it is known who asks what. */
export class HttpCall<I extends RequestInfo = RequestInfo> implements RequestContext {
  readonly http: HttpRequest;
  readonly info: I;
  readonly query: URLSearchParams;
  /** Whether the path names one object. */
  readonly isItem: boolean;
  /** What follows the subresource in the path. */
  readonly rest: string;
  readonly user: UserInfo;
  readonly remoteAddress: string;
  /** Lines for the `Warning` header, each once. */
  readonly warnings = new Set<string>();

  constructor(http: HttpRequest, parsed: ParsedRequest & { readonly info: I }, user: UserInfo, remoteAddress: string) {
    this.http = http;
    this.info = parsed.info;
    this.query = parsed.query;
    this.isItem = parsed.isItem;
    this.rest = parsed.rest;
    this.user = user;
    this.remoteAddress = remoteAddress;
  }

  get signal(): AbortSignal {
    return this.http.signal ?? never;
  }

  get userAgent(): string {
    return this.http.headers['user-agent'] ?? '';
  }

  get accept(): string {
    return this.http.headers['accept'] ?? '';
  }

  warn(message: string): void {
    this.warnings.add(message);
  }
}

const never = new AbortController().signal;

/** A request about a resource. */
export type HttpResourceCall = HttpCall<ResourceRequestInfo> & Call & ResourceContext;
