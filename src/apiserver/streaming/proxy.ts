import type { Scheme } from '../../client/dialer.ts';
import { serviceUnavailable } from '../../machinery/status-errors.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import type { ResourceContext } from '../registry/extension-points.ts';
import { dialErrorText } from './dial-error.ts';
import { forwardedRequestHeaders, forwardedResponseHeaders } from './forwarded-headers.ts';

/** The methods of all proxies: a client may send what it likes. */
export const proxyMethods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

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
    body,
    signal: context.signal,
  };
  const answer = await reach(dial, (each) => each.fetch(request));
  return { ...answer, headers: answerHeaders(context, answer) };
}

/** The same for a request that asks for an upgrade: the connection is handed through as it is. */
export async function proxyUpgrade(
  context: ResourceContext,
  path: string,
  request: HttpRequest,
  dial: () => Promise<HttpTarget>,
): Promise<UpgradeResponse> {
  const headers = { ...requestHeaders(context, request.headers), upgrade: request.headers['upgrade'] ?? '' };
  const upgrade = { method: request.method, path: target(context, path), headers, signal: context.signal };
  const answer = await reach(dial, (each) => each.upgrade(upgrade));
  return answer.connection === undefined ? { ...answer, headers: answerHeaders(context, answer) } : answer;
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

async function reach<R>(dial: () => Promise<HttpTarget>, send: (target: HttpTarget) => Promise<R>): Promise<R> {
  const target = await dial();
  try {
    return await send(target);
  } catch (error) {
    const why = dialErrorText(error);
    throw why === undefined ? error : serviceUnavailable(`error trying to reach service: ${why}`);
  }
}

function requestHeaders(context: ResourceContext, headers: Readonly<Record<string, string>>): Record<string, string> {
  return { ...forwardedRequestHeaders(headers), 'x-forwarded-uri': context.info.path };
}

function answerHeaders(context: ResourceContext, answer: { readonly headers: Readonly<Record<string, string>> }) {
  const headers = forwardedResponseHeaders(answer.headers);
  const { location } = headers;
  // A redirect within what is behind the proxy stays behind it.
  if (location?.startsWith('/') === true && !location.startsWith('//'))
    headers['location'] = root(context, false) + location;
  return headers;
}

function target({ http }: ResourceContext, path: string): string {
  const query = http.path.indexOf('?');
  return (path === '' ? '/' : path) + (query < 0 ? '' : http.path.slice(query));
}

/** The path of the proxy itself; with a slash and the query behind it, where to send a client that asked for it without. */
function root({ http, info }: ResourceContext, withSlash: boolean): string {
  const [path = '', ...query] = http.path.split('?');
  if (withSlash) return `${path}/${query.length === 0 ? '' : `?${query.join('?')}`}`;
  const prefix = info.namespace === '' ? '' : `/namespaces/${info.namespace}`;
  return `/api/${info.version}${prefix}/${info.resource}/${info.name}/proxy`;
}
