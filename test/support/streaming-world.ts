import type { ConnectHandler, ResourceContext } from '../../src/apiserver/registry/extension-points.ts';
import { streamingHandlers } from '../../src/apiserver/streaming/streaming-handlers.ts';
import type { Reader } from '../../src/client/client.ts';
import type { Dialer } from '../../src/client/dialer.ts';
import type { KubeObject } from '../../src/machinery/object.ts';
import type { ResourceType } from '../../src/machinery/resource-type.ts';
import { StatusError } from '../../src/machinery/status-error.ts';
import { notFound, serviceUnavailable } from '../../src/machinery/status-errors.ts';
import type { HttpBody, HttpRequest, HttpResponse, HttpTarget } from '../../src/wire/http.ts';
import { readHttpText } from '../../src/wire/http-body.ts';
import { ConnectionError } from '../../src/wire/http-client/connection-error.ts';

const containers = (...names: string[]) => names.map((name) => ({ name, image: 'x' }));
const pod = (name: string, spec: object, status: object = {}) => ({ metadata: { name, namespace: 'a' }, spec, status });
const objects: Record<string, readonly KubeObject[]> = {
  pods: [
    pod(
      'one',
      {
        nodeName: 'n',
        initContainers: containers('i1', 'i2'),
        containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 8080 }] }],
      },
      { podIP: '10.0.0.5' },
    ),
    pod('two', { nodeName: 'n', initContainers: containers('i1', 'i2'), containers: containers('a', 'b') }),
    pod('unscheduled', { containers: containers('a') }),
  ],
  nodes: [{ metadata: { name: 'n' }, status: { daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } } } as KubeObject],
};

/** Knows pods `one`, `two` and `unscheduled` of namespace `a`, and the node `n`. */
export const reader = {
  get: async (type: ResourceType, { name }: { name: string }) => {
    const found = objects[type.resource]?.find((each) => each.metadata.name === name);
    if (found === undefined) throw notFound(type, name);
    return found;
  },
  list: async () => ({ metadata: {}, items: [] }),
} as Reader;

interface Asked {
  readonly to: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The handlers before nodes, pods and services that answer like this. */
export function handlersOver(answer: (request: HttpRequest) => HttpResponse | Error) {
  const asked: Asked[] = [];
  const target = (to: string): HttpTarget => {
    const send = async (request: HttpRequest) => {
      const { method, path, headers } = request;
      asked.push({ to, method, path, headers, body: await readHttpText(request.body) });
      const result = answer(request);
      if (result instanceof Error) throw result;
      return result;
    };
    return { fetch: send, upgrade: send };
  };
  const dialer: Dialer = {
    node: async (name, port, scheme) => target(port === undefined ? `node ${name}` : `node ${scheme} ${name}:${port}`),
    pod: async (namespace, name, port, scheme) => target(`pod ${scheme} ${namespace}/${name}:${port}`),
    service: async (namespace, name, port, scheme) => {
      if (port === 99) throw serviceUnavailable(`no service port 99 found for service "${name}"`);
      return target(`service ${scheme} ${namespace}/${name}:${JSON.stringify(port)}`);
    },
  };
  return { asked, handlers: streamingHandlers(reader, dialer) };
}

/** A request as the server's front hands it to a handler. */
export function contextOf(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body?: HttpBody,
): [ResourceContext, string] {
  const parsed = new URL(url, 'http://x');
  const parts = parsed.pathname.split('/');
  const at = parts.indexOf('proxy') >= 0 ? parts.indexOf('proxy') : parts.length - 1;
  const namespaced = parts[3] === 'namespaces';
  const info = {
    isResource: true as const,
    path: parsed.pathname,
    verb: 'get',
    group: '',
    version: 'v1',
    resource: parts[at - 2] ?? '',
    subresource: parts[at] ?? '',
    namespace: namespaced ? (parts[4] ?? '') : '',
    name: decodeURIComponent(parts[at - 1] ?? ''),
    fieldSelector: '',
    labelSelector: '',
  };
  const http = { method, path: url, headers, body };
  const user = { username: 'u', groups: [], extra: {} };
  const { signal } = new AbortController();
  const rest = parts.slice(at + 1);
  return [
    { info, user, query: parsed.searchParams, http, remoteAddress: '10.9.8.7', signal, warn() {} },
    rest.length === 0 ? '' : `/${rest.join('/')}`,
  ];
}

export function handlerFor(handlers: readonly ConnectHandler[], { info }: ResourceContext): ConnectHandler {
  const found = handlers.find(
    (each) => each.resource.resource === info.resource && each.subresource === info.subresource,
  );
  if (found === undefined) throw new Error(`no handler for ${info.resource}/${info.subresource}`);
  return found;
}

export async function fetchFrom(
  handlers: readonly ConnectHandler[],
  method: string,
  url: string,
  headers = {},
  body?: HttpBody,
) {
  const [context, rest] = contextOf(method, url, headers, body);
  return handlerFor(handlers, context).fetch(context, rest);
}

/** Code, reason and message of what was refused. */
export async function failure(promise: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  return error instanceof StatusError ? [error.code, error.reason, error.message] : [error];
}

export const text = (status: number, body: string, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: Buffer.from(body),
});
/** Nobody listens there. */
export const refused = () =>
  new ConnectionError('https://10.0.0.1:10250', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), false);

/** Where the pods of namespace `a` are. */
export const podsPath = '/api/v1/namespaces/a/pods';
