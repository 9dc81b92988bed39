import { TokenIssuer } from '../../src/apiserver/tokens/token-issuer.ts';
import { TokenRequests } from '../../src/apiserver/tokens/token-request.ts';
import { HttpsClient } from '../../src/client/https/https-client.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { serviceAccounts } from '../../src/resources/schema/resource-types.generated.ts';
import { HttpClient } from '../../src/wire/http-client.ts';
import { HttpServer } from '../../src/wire/http-server.ts';
import { generateKeyPair } from '../../src/wire/pki/key-pair.ts';
import { clientSuite } from '../suites/client.ts';
import { FakeReader } from '../support/fake-reader.ts';
import { serverTls, testAuthority } from '../support/pki.ts';
import { admin, startTestApiServer } from '../support/test-api-server.ts';

const environment = new RealEnvironment();
const issuer = new TokenIssuer({ issuer: 'https://test', signingKey: generateKeyPair(environment).privateKey });

/** A server with a subresource that takes a body of its own. */
function startServer() {
  const reader = new FakeReader();
  reader.set(serviceAccounts, { metadata: { name: 'robot', namespace: 'default', uid: 'robot-1' } });
  const subresourceHandlers = [new TokenRequests({ issuer, reader, environment })];
  return startTestApiServer(environment, { subresourceHandlers });
}

clientSuite('a direct client', async () => {
  const { server, store, client } = await startServer();
  return {
    client,
    dispose: async () => {
      server.stop();
      await store.close();
    },
  };
});

clientSuite('a client over HTTPS', async () => {
  const { server, store } = await startServer();
  const { http } = server.client(admin, 'test');
  const listening = await HttpServer.start({
    environment,
    address: { host: '127.0.0.1', port: 0 },
    tls: serverTls,
    // Who asks is not what is tested here.
    handler: { fetch: (request) => http.fetch(request), upgrade: (request) => http.upgrade(request) },
  });
  const tls = { authorityPem: testAuthority.certificate.pem };
  const target = new HttpClient({ environment, url: `https://127.0.0.1:${listening.port}`, tls });
  return {
    client: new HttpsClient({ environment, target }),
    dispose: async () => {
      target.close();
      server.stop();
      await listening.close();
      await store.close();
    },
  };
});
