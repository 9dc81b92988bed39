import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { HttpTarget } from '../../wire/http.ts';
import type { ListenAddress } from '../../wire/http-server/listen.ts';
import { HttpServer, type ServerTls } from '../../wire/http-server.ts';
import type { NodeAccess } from './node-access.ts';

export interface NodeApiServerOptions {
  readonly api: HttpTarget;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly address: ListenAddress;
  /** With the authority by which clients are known. */
  readonly tls: ServerTls & { readonly clientAuthorityPem: string };
  readonly access: Pick<NodeAccess, 'refusal'>;
}

/** Serves a node's API over TLS to those who prove who they are. Throws `ListenError`. */
export function serveNodeApi(options: NodeApiServerOptions): Promise<HttpServer> {
  const { api, environment, logger, address, tls, access } = options;
  return HttpServer.start({
    environment,
    address,
    tls,
    handler: {
      fetch: async (request, { certificate }) =>
        (await access.refusal(request, certificate)) ?? (await api.fetch(request)),
      upgrade: async (request, { certificate }) =>
        (await access.refusal(request, certificate)) ?? (await api.upgrade(request)),
    },
    onError: (error, { method, path }) => logger.error('a request to the node failed', { method, path, err: error }),
  });
}
