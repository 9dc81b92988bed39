import { ApiServer, type ApiServerOptions } from '../../src/apiserver/api-server.ts';
import type { Authorizer, UserInfo } from '../../src/apiserver/request.ts';
import type { Client } from '../../src/client/client.ts';
import type { Environment } from '../../src/machinery/environment/environment.ts';
import { VirtualEnvironment } from '../../src/machinery/environment/virtual.ts';
import { silentLogger } from '../../src/machinery/log.ts';
import { builtInDefinitions } from '../../src/resources/built-in.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';

export const admin: UserInfo = { username: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} };

export const allowAll: Authorizer = { name: 'allowAll', authorize: () => ({ decision: 'allow', reason: '' }) };

export interface TestApiServer {
  readonly environment: VirtualEnvironment;
  readonly store: Store;
  readonly server: ApiServer;
  /** As `admin`. */
  readonly client: Client;
}

/** An API server in virtual time on a memory store, with every built-in kind, where everybody may do everything. */
export async function testApiServer(
  options: Partial<Omit<ApiServerOptions, 'environment'>> = {},
): Promise<TestApiServer> {
  const environment = new VirtualEnvironment(1);
  return { environment, ...(await startTestApiServer(environment, options)) };
}

/** The same in another environment. */
export async function startTestApiServer(
  environment: Environment,
  options: Partial<Omit<ApiServerOptions, 'environment'>> = {},
): Promise<Omit<TestApiServer, 'environment'>> {
  const store = options.store ?? new MemoryStore({ environment });
  const server = new ApiServer({
    environment,
    logger: silentLogger,
    definitions: builtInDefinitions,
    authorizers: [allowAll],
    admission: [],
    freezeObjects: true,
    ...options,
    store,
  });
  await server.start();
  return { store, server, client: server.client(admin, 'test') };
}
