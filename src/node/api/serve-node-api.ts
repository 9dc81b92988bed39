import type { Environment } from '../../machinery/environment/environment.ts';
import type { Logger } from '../../machinery/log.ts';
import type { HttpResponse, HttpTarget } from '../../wire/http.ts';
import type { ClientCertificate, HttpConnection } from '../../wire/http-handler.ts';
import type { ListenAddress } from '../../wire/http-server/listen.ts';
import { HttpServer, type ServerTls } from '../../wire/http-server.ts';
import { textResponse } from './responses.ts';

export interface NodeApiServerOptions {
  readonly api: HttpTarget;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly address: ListenAddress;
  /** With the authority by which clients are known. */
  readonly tls: ServerTls & { readonly clientAuthorityPem: string };
  /** Who may use the whole of the API: nobody else may use any of it. */
  allow(certificate: ClientCertificate): boolean;
}

/** Serves a node's API over TLS to those who prove who they are. Throws `ListenError`. */
export function serveNodeApi(options: NodeApiServerOptions): Promise<HttpServer> {
  const { api, environment, logger, address, tls } = options;
  return HttpServer.start({
    environment,
    address,
    tls,
    handler: {
      fetch: async (request, connection) => refusal(options, connection) ?? (await api.fetch(request)),
      upgrade: async (request, connection) => refusal(options, connection) ?? (await api.upgrade(request)),
    },
    onError: (error, { method, path }) => logger.error('a request to the node failed', { method, path, err: error }),
  });
}

function refusal({ allow }: NodeApiServerOptions, { certificate }: HttpConnection): HttpResponse | undefined {
  if (certificate === undefined) return textResponse(401, 'Unauthorized');
  if (allow(certificate)) return undefined;
  const who = `user=${certificate.commonName}, verb=get, resource=nodes, subresource(s)=[proxy]`;
  return textResponse(403, `Forbidden (${who})\n`);
}
