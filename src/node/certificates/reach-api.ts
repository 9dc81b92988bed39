import { type ConnectedClient, connect } from '../../client/https/connect.ts';
import type { Environment } from '../../machinery/environment/environment.ts';
import type { ClientTls } from '../../wire/http-client/client-tls.ts';

export interface ApiCredentials {
  readonly tls: () => ClientTls;
  readonly token?: string | undefined;
}

/** Connects to an API that is known by several addresses. */
export type ReachApi = (servers: readonly string[], credentials: ApiCredentials) => ConnectedClient;

/** Over HTTPS. */
export function reachByHttps(environment: Environment, userAgent: string): ReachApi {
  return (servers, { tls, token }) =>
    connect(
      environment,
      {
        server: servers[0] ?? '',
        namespace: undefined,
        tls,
        token: token === undefined ? undefined : () => token,
        refused: () => false,
      },
      { userAgent, servers: () => servers },
    );
}
