import { HttpsClient } from '../../src/client/https/https-client.ts';
import { RealEnvironment } from '../../src/machinery/environment/real.ts';
import { HttpClient } from '../../src/wire/http-client.ts';
import { HttpServer } from '../../src/wire/http-server.ts';
import { clientSuite } from '../suites/client.ts';
import { serverTls, testAuthority } from '../support/pki.ts';
import { admin, startTestApiServer } from '../support/test-api-server.ts';

const environment = new RealEnvironment();

clientSuite('a direct client', async () => {
  const { server, store, client } = await startTestApiServer(environment);
  return {
    client,
    dispose: async () => {
      server.stop();
      await store.close();
    },
  };
});

clientSuite('a client over HTTPS', async () => {
  const { server, store } = await startTestApiServer(environment);
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
