import { describe, expect, test } from 'vitest';
import { PlainClient } from '../../../test/support/plain-client.ts';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { silentLogger } from '../../machinery/log.ts';
import { configMaps } from '../../resources/schema/resource-types.generated.ts';
import { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { fixedTestKeys } from '../../wire/pki/fixed-test-keys.ts';
import { ExtensionAuthentication, trustData } from './extension-authentication.ts';

const environment = new VirtualEnvironment(1);
const hourMs = 3_600_000;
const authority = (commonName: string, validityMs = 24 * hourMs) =>
  CertificateAuthority.create(environment, { commonName, validityMs, keyPair: fixedTestKeys.authority() }).certificate
    .pem;
const [clients, proxies] = [authority('clients'), authority('proxies')];
const trust = { clientAuthorityPem: clients, frontProxyAuthorityPem: proxies };
/** As a Kubernetes tells it whose server has the flags of a front proxy. */
const whole = {
  'client-ca-file': clients,
  'requestheader-allowed-names': '["front-proxy-client"]',
  'requestheader-client-ca-file': proxies,
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-username-headers': '["X-Remote-User"]',
};

describe('what extension servers are told', () => {
  const now = environment.now();

  test('is all that this server knows', () => {
    expect(trustData({}, trust, now)).toEqual(whole);
    expect(trustData(whole, trust, now)).toEqual(whole);
  });

  test('without a front proxy is whom clients are known by', () => {
    expect(trustData({}, { clientAuthorityPem: clients }, now)).toEqual({ 'client-ca-file': clients });
  });

  test('keeps what other servers have entered', () => {
    const [otherClients, otherProxies] = [authority('other clients'), authority('other proxies')];
    const existing = {
      ...whole,
      'client-ca-file': otherClients,
      'requestheader-client-ca-file': otherProxies,
      'requestheader-allowed-names': '["aggregator","front-proxy-client"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
    };
    expect(trustData(existing, trust, now)).toEqual({
      ...existing,
      'client-ca-file': otherClients + clients,
      'requestheader-client-ca-file': otherProxies + proxies,
    });
    expect(trustData(existing, { clientAuthorityPem: clients }, now)).toMatchObject({
      'requestheader-client-ca-file': otherProxies,
      'requestheader-allowed-names': '["aggregator","front-proxy-client"]',
    });
  });

  test('forgets what has ended, and what nobody can read', () => {
    const short = authority('short', hourMs);
    const existing = { 'client-ca-file': short + clients, 'requestheader-allowed-names': 'any' };
    expect(trustData(existing, trust, now + hourMs)).toEqual({ ...whole, 'client-ca-file': short + clients });
    expect(trustData(existing, trust, now + 1.2 * hourMs)).toEqual(whole);
    expect(trustData({ 'client-ca-file': 'nonsense' }, trust, now)).toEqual(whole);
  });
});

test('the ConfigMap is there, is written only when that says something new, and comes back when it is deleted', async () => {
  const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
  const client = new PlainClient();
  const authentication = new ExtensionAuthentication({ client, environment, logger: silentLogger, ...trust });
  await authentication.start();
  expect(client.find(configMaps, key)?.data).toEqual(whole);
  await environment.advance(60_000);
  expect(client.writes).toEqual(['create configmaps/kube-system/extension-apiserver-authentication']);
  await client.delete(configMaps, key);
  await environment.advance(10_000);
  expect(client.find(configMaps, key)?.data).toEqual(whole);
  authentication.stop();
});
