import { posix } from 'node:path';
import type { Scheme } from '../../client/dialer.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { serviceUnavailable } from '../../machinery/status-errors.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import type { ResourceContext } from '../registry/extension-points.ts';
import { dialErrorText } from './dial-error.ts';
import { forwardedRequestHeaders, forwardedResponseHeaders } from './forwarded-headers.ts';
import { throughProxy } from './proxied-links.ts';
import { withLinksRewritten } from './proxied-page.ts';

/** The methods of all proxies: a client may send what it likes. */
export const proxyMethods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

const { normalize } = posix;

/** Passes a request on to what is behind a proxy, and its answer back. `path` is what follows the subresource. */
export async function proxyFetch(
  context: ResourceContext,
  path: string,
  dial: () => Promise<HttpTarget>,
): Promise<HttpResponse> {
  const { method, headers, body } = context.http;
  // Links that are relative to the root of what is behind the proxy work only below a path that ends in a slash.
  if (path === '' && (method === 'GET' || method === 'HEAD'))
    return { status: 301, headers: { location: root(context, true) } };
  const request = {
    method,
    path: target(context, path),
    headers: requestHeaders(context, headers),
    host: headers['host'],
    body,
    signal: context.signal,
  };
  const [answer, behind] = await reach(dial, (each) => each.fetch(request));
  const links = linksThrough(context, behind);
  return withLinksRewritten({ ...answer, headers: answerHeaders(answer, links) }, links);
}

/** The same for a request that asks for an upgrade: the connection is handed through as it is. */
export async function proxyUpgrade(
  context: ResourceContext,
  path: string,
  request: HttpRequest,
  dial: () => Promise<HttpTarget>,
): Promise<UpgradeResponse> {
  const headers = { ...requestHeaders(context, request.headers), upgrade: request.headers['upgrade'] ?? '' };
  const { method } = request;
  const host = request.headers['host'];
  const upgrade = { method, path: target(context, path), headers, host, signal: context.signal };
  const [answer, behind] = await reach(dial, (each) => each.upgrade(upgrade));
  if (answer.connection !== undefined) return answer;
  // An error is passed on; anything else is no answer to what was asked.
  if (answer.status < 400)
    throw new StatusError({ code: 500, message: `invalid upgrade response: status code ${answer.status}` });
  return { ...answer, headers: answerHeaders(answer, linksThrough(context, behind)) };
}

/** A name as the proxies of pods and services take it: `name`, `name:port` or `scheme:name:port`. Undefined when it is none of them. */
export function splitProxyName(
  text: string,
): { readonly scheme: Scheme; readonly name: string; readonly port: string } | undefined {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) return undefined;
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/** Undefined when the text is none that may be connected to. */
export function portNumber(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

/** Also answers the host that was reached. */
async function reach<R>(
  dial: () => Promise<HttpTarget>,
  send: (target: HttpTarget) => Promise<R>,
): Promise<readonly [R, string]> {
  const target = await dial();
  try {
    return [await send(target), URL.parse(target.url ?? '')?.host ?? ''];
  } catch (error) {
    const why = dialErrorText(error);
    throw why === undefined ? error : serviceUnavailable(`error trying to reach service: ${why}`);
  }
}

function requestHeaders(context: ResourceContext, headers: Readonly<Record<string, string>>): Record<string, string> {
  const came = [headers['x-forwarded-for'], context.remoteAddress].filter((each) => each !== undefined && each !== '');
  return {
    ...forwardedRequestHeaders(headers),
    // Go's proxies keep it, for what it asks for is not about one connection alone.
    ...(/\btrailers\b/i.test(headers['te'] ?? '') && { te: 'trailers' }),
    ...(came.length > 0 && { 'x-forwarded-for': came.join(', ') }),
    'x-forwarded-uri': normalize(context.info.path),
  };
}

/** How links of what is behind the proxy lead through it. */
function linksThrough(context: ResourceContext, targetHost: string): (link: string) => string {
  const place = { prefix: root(context, false), requestHost: context.http.headers['host'] ?? '', targetHost };
  return (link) => throughProxy(link, place);
}

function answerHeaders(answer: Pick<HttpResponse, 'headers'>, links: (link: string) => string): Record<string, string> {
  const headers = forwardedResponseHeaders(answer.headers);
  if (headers['location'] !== undefined) headers['location'] = links(headers['location']);
  return headers;
}

function target({ http }: ResourceContext, path: string): string {
  const query = http.path.indexOf('?');
  return (path === '' ? '/' : normalize(path)) + (query < 0 ? '' : http.path.slice(query));
}

/** The path of the proxy itself; with a slash and the query behind it, where to send a client that asked for it without. */
function root({ http, info }: ResourceContext, withSlash: boolean): string {
  const [path = '', ...query] = http.path.split('?');
  if (withSlash) return `${path}/${query.length === 0 ? '' : `?${query.join('?')}`}`;
  const prefix = info.namespace === '' ? '' : `/namespaces/${info.namespace}`;
  return `/api/${info.version}${prefix}/${info.resource}/${info.name}/proxy`;
}
