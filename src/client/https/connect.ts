import type { Environment } from '../../machinery/environment/environment.ts';
import type { HttpRequest, HttpResponse, HttpTarget, UpgradeResponse } from '../../wire/http.ts';
import { HttpClient } from '../../wire/http-client.ts';
import type { ClusterConnection } from '../kubeconfig/cluster-connection.ts';
import { FailOverTarget } from './fail-over-target.ts';
import { HttpsClient, type HttpsClientOptions } from './https-client.ts';

export interface ConnectedClient {
  readonly client: HttpsClient;
  /** Closes all connections; requests in flight fail. */
  close(): void;
}

/** How long requests of those who live with the API wait while it is away, before they fail. */
export const followingPatienceMs = 5_000;

/**
 * A connection to a machine that is gone, or to an address that is, is given up by then, and so is one that does not come about: the next
 * address is tried within ten seconds.
 */
const goneMs = 3_000;

/**
 * A client for the cluster a connection describes. `servers`: all addresses of the API for who must follow where it is, asked for before each
 * request; they stand for the connection's own. `patienceMs` and `onLost`: see `FailOverTarget`.
 */
export function connect(
  environment: Environment,
  connection: ClusterConnection,
  options: Pick<HttpsClientOptions, 'userAgent' | 'timeoutMs'> & {
    readonly servers?: (() => readonly string[]) | undefined;
    readonly patienceMs?: number | undefined;
    readonly onLost?: (() => void) | undefined;
  } = {},
): ConnectedClient {
  const { servers, patienceMs, onLost, ...clientOptions } = options;
  const { tls, token, refused } = connection;
  const limits = servers === undefined ? {} : { deadMs: goneMs, connectMs: goneMs };
  const target = new FailOverTarget({
    environment,
    servers: servers ?? (() => [connection.server]),
    connect: (url) => new HttpClient({ environment, url, tls, token, limits }),
    patienceMs,
    onLost,
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
