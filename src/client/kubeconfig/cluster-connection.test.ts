import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VirtualEnvironment } from '../../machinery/environment/virtual.ts';
import { clusterConnection } from './cluster-connection.ts';
import { inClusterConnection } from './in-cluster.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import { loadKubeconfig, writeKubeconfig } from './kubeconfig-file.ts';

const environment = () => new VirtualEnvironment(1);
const directory = () => mkdtempSync(join(tmpdir(), 'kubeconfig-'));
const base64 = (text: string) => Buffer.from(text).toString('base64');

function configWith(user: object, cluster: object = {}): Kubeconfig {
  return {
    clusters: [{ name: 'c', cluster: { server: 'https://s', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'n' } }],
    'current-context': 'x',
  };
}

test('data in the file, with everything a server needs', async () => {
  const user = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key'), token: 't' };
  const cluster = { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'other' };
  const connection = clusterConnection(environment(), configWith(user, cluster));
  expect(connection).toMatchObject({ server: 'https://s', namespace: 'n' });
  expect(connection.tls()).toEqual({
    authorityPem: 'ca',
    certificatePem: 'cert',
    keyPem: 'key',
    serverName: 'other',
    insecureSkipVerify: undefined,
  });
  expect(connection.tls()).toBe(connection.tls());
  expect(await connection.token?.()).toBe('t');
});

test('files beside the kubeconfig are found, and read again when they change', async () => {
  const folder = directory();
  for (const [name, text] of Object.entries({ ca: 'ca', cert: 'cert-1', key: 'key', token: 'token-1\n' }))
    writeFileSync(join(folder, name), text);
  const path = join(folder, 'config');
  writeKubeconfig(
    path,
    configWith(
      { 'client-certificate': 'cert', 'client-key': 'key', tokenFile: 'token' },
      { 'certificate-authority': 'ca' },
    ),
  );
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const time = environment();
  const connection = clusterConnection(time, loadKubeconfig(path, {}));
  const before = connection.tls();
  expect(before).toMatchObject({ authorityPem: 'ca', certificatePem: 'cert-1' });
  writeFileSync(join(folder, 'cert'), 'cert-2');
  writeFileSync(join(folder, 'token'), 'token-2\n');
  expect(connection.tls()).toBe(before);
  expect(await connection.token?.()).toBe('token-1');
  await time.advance(10_000);
  expect(connection.tls()).toMatchObject({ certificatePem: 'cert-2' });
  expect(await connection.token?.()).toBe('token-2');
});

describe('what is missing is named', () => {
  test.each([
    [{}, undefined, 'no context is chosen: current-context is not set'],
    [configWith({}), 'y', 'context "y" does not exist'],
    [{ ...configWith({}), clusters: [] }, undefined, 'cluster "c" does not exist'],
    [{ ...configWith({}), users: [] }, undefined, 'auth info "u" does not exist'],
    [configWith({}, { server: '' }), undefined, 'cluster "c" has no server'],
    [configWith({ as: 'root' }), undefined, 'context "x" uses "as", which is not supported'],
    [configWith({}, { 'proxy-url': 'http://p' }), undefined, 'context "x" uses "proxy-url", which is not supported'],
    [configWith({ tokenFile: '/nonexistent' }), undefined, 'ENOENT'],
  ] as const)('%#', (config, context, message) => {
    expect(() => clusterConnection(environment(), config, context)).toThrow(message);
  });
});

describe('the kubeconfig a user means', () => {
  test('is the file given, those of KUBECONFIG, or the one at home', () => {
    const folder = directory();
    const write = (name: string, server: string) => {
      const path = join(folder, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, JSON.stringify({ clusters: [{ name, cluster: { server } }] }));
      return path;
    };
    const a = write('a', 'https://a');
    const b = write('b', 'https://b');
    write('.kube/config', 'https://home');
    const servers = (path: string | undefined, variables: Record<string, string>) =>
      loadKubeconfig(path, variables).clusters?.map((each) => each.cluster.server);
    expect(servers(a, { KUBECONFIG: b })).toEqual(['https://a']);
    expect(servers(undefined, { KUBECONFIG: `${b}:${join(folder, 'missing')}:${a}` })).toEqual([
      'https://b',
      'https://a',
    ]);
    expect(servers(undefined, { HOME: folder })).toEqual(['https://home']);
    expect(servers(undefined, { HOME: '/nonexistent' })).toEqual([]);
    expect(() => loadKubeconfig(join(folder, 'missing'), {})).toThrow('no such file');
  });
});

describe('credentials from a program', () => {
  function plugin(script: string): { readonly path: string; readonly calls: () => number } {
    const folder = directory();
    const path = join(folder, 'plugin');
    writeFileSync(path, `#!/bin/sh\necho x >> ${folder}/calls\n${script}\n`);
    chmodSync(path, 0o755);
    return { path, calls: () => readFileSync(join(folder, 'calls'), 'utf8').split('\n').length - 1 };
  }
  const apiVersion = 'client.authentication.k8s.io/v1';
  const credential = (status: object) => JSON.stringify({ kind: 'ExecCredential', apiVersion, status });

  test('are asked for once, and again when they run out or are refused', async () => {
    const time = environment();
    const expirationTimestamp = new Date(time.now() + 60_000).toISOString();
    const { path, calls } = plugin(`echo '${credential({ token: 'made', expirationTimestamp })}'`);
    const { token, refused } = clusterConnection(time, configWith({ exec: { apiVersion, command: path } }));
    expect(await Promise.all([token?.(), token?.()])).toEqual(['made', 'made']);
    expect(calls()).toBe(1);
    await time.advance(59_999);
    await token?.();
    expect(calls()).toBe(1);
    await time.advance(1);
    await token?.();
    expect(calls()).toBe(2);
    expect(refused()).toBe(true);
    await token?.();
    expect(calls()).toBe(3);
  });

  test('may be a certificate, and the program learns the cluster', async () => {
    const script = `[ "$FOO" = "$1" ] || exit 3\necho "$KUBERNETES_EXEC_INFO" > "$0.info"\necho '${credential({ clientCertificateData: 'cert', clientKeyData: 'key' })}'`;
    const { path } = plugin(script);
    const exec = {
      apiVersion,
      command: path,
      args: ['bar'],
      env: [{ name: 'FOO', value: 'bar' }],
      provideClusterInfo: true,
    };
    const { token, tls } = clusterConnection(environment(), configWith({ exec }, { 'tls-server-name': 'sni' }));
    expect(await token?.()).toBeUndefined();
    expect(tls()).toMatchObject({ certificatePem: 'cert', keyPem: 'key' });
    expect(JSON.parse(readFileSync(`${path}.info`, 'utf8'))).toEqual({
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://s', 'tls-server-name': 'sni' } },
    });
  });

  test.each([
    ['exit 7', 'failed with exit code 7\n\nask for help'],
    ['echo {}', 'its output is not an ExecCredential'],
    ['echo nothing', 'its output is not JSON'],
    [
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}'`,
      'configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/v1beta1',
    ],
    [`echo '${credential({})}'`, "it didn't return a token or cert/key pair"],
    [`echo '${credential({ clientCertificateData: 'c' })}'`, 'it returned only one of certificate and key'],
  ])('%s', async (script, message) => {
    const exec = { apiVersion, command: plugin(script).path, installHint: 'ask for help' };
    const { token } = clusterConnection(environment(), configWith({ exec }));
    await expect(token?.()).rejects.toThrow(message);
  });

  test('a program that is not there', async () => {
    const exec = { apiVersion, command: 'no-such-plugin' };
    const { token } = clusterConnection(environment(), configWith({ exec }));
    await expect(token?.()).rejects.toThrow('getting credentials: exec: executable no-such-plugin not found');
  });
});

describe('inside a pod', () => {
  test('service account and environment make the connection', async () => {
    const folder = directory();
    for (const [name, text] of Object.entries({ 'ca.crt': 'ca', token: 'one', namespace: 'shop' }))
      writeFileSync(join(folder, name), text);
    const time = environment();
    const connection = inClusterConnection(
      time,
      { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' },
      folder,
    );
    expect(connection).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'shop' });
    expect(connection.tls()).toEqual({ authorityPem: 'ca' });
    writeFileSync(join(folder, 'token'), 'two');
    await time.advance(10_000);
    expect(await connection.token?.()).toBe('two');
  });

  test('elsewhere says so', () => {
    expect(() => inClusterConnection(environment(), {})).toThrow(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  });
});
