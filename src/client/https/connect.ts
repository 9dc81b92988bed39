import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import { HttpClient, type HttpClientLimits } from '../../wire/http-client.ts';
import type { ClusterConnection } from '../kubeconfig/cluster-connection.ts';
import { FailOverTarget } from './fail-over-target.ts';
import { HttpsClient, type HttpsClientOptions } from './https-client.ts';

export interface ConnectedClient {
  readonly client: HttpsClient;
  /** Closes all connections; requests in flight fail. */
  close(): void;
}

/**
 * A client for the cluster a connection describes. `servers`: more addresses of the same API, asked for before each request; the
 * connection's own stands first.
 */
export function connect(
  environment: Environment,
  connection: ClusterConnection,
  options: Pick<HttpsClientOptions, 'userAgent' | 'timeoutMs'> & {
    readonly servers?: () => readonly string[];
    readonly limits?: Partial<HttpClientLimits>;
  } = {},
): ConnectedClient {
  const { servers, limits, ...clientOptions } = options;
  const { tls, token, refused } = connection;
  const target = new FailOverTarget({
    servers: () => [connection.server, ...(servers?.() ?? [])],
    connect: (url) => new HttpClient({ environment, url, tls, token, limits }),
  });
  const client = new HttpsClient({ environment, target: renewing(target, refused), ...clientOptions });
  return { client, close: () => target.close() };
}

/** Sends a request again when it was refused as unauthenticated and other credentials can be had. */
function renewing(target: HttpTarget, refused: () => boolean): HttpTarget {
  const again = async <R extends HttpResponse | UpgradeResponse>(request: HttpRequest, send: () => Promise<R>) => {
    const answer = await send();
    const repeatable = request.body === undefined || request.body instanceof Uint8Array;
    if (answer.status !== 401 || !repeatable || !refused()) return answer;
    if ('body' in answer && answer.body !== undefined && !(answer.body instanceof Uint8Array))
      await answer.body[Symbol.asyncIterator]().return?.();
    return send();
  };
  return {
    fetch: (request) => again(request, () => target.fetch(request)),
    upgrade: (request) => again(request, () => target.upgrade(request)),
  };
}
