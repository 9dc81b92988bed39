import { afterEach, beforeEach, expect, test } from 'vitest';
import { JoinWorld } from '../../../test/support/join-world.ts';
import { certificateSigningRequests, configMaps, nodes } from '../../resources/schema/resource-types.generated.ts';
import { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { identityProblem, type JoinOptions, joinCluster } from './join-cluster.ts';

let world: JoinWorld;
beforeEach(async () => {
  world = await JoinWorld.make();
});
afterEach(() => world.stop());

const dayMs = 24 * 3600_000;
const other = `sha256:${'0'.repeat(64)}`;

function options(more: Partial<JoinOptions> & Pick<JoinOptions, 'token'>): JoinOptions {
  const { environment } = world;
  return {
    environment,
    identity: world.machine().identity,
    nodeName: 'n1',
    servers: [world.api.url],
    trust: { authorityHashes: [world.hash] },
    reach: world.reach(),
    ...more,
  };
}

/** What came of an attempt to join, in words. */
async function failure(more: Partial<JoinOptions> & Pick<JoinOptions, 'token'>): Promise<string> {
  return world.during(
    joinCluster(options(more)).then(
      () => 'joined',
      (error: Error) => error.message,
    ),
  );
}

test('a machine with token and hash gets a certificate and a kubeconfig', async () => {
  const { files, identity } = world.machine();
  const token = await world.token('abcdef');
  const joined = await world.during(joinCluster(options({ token, identity })));
  expect(joined).toEqual({
    servers: [world.api.url, 'https://10.0.0.1:6443'],
    authorityPem: world.authority.certificate.pem,
    renewed: true,
  });
  const pair = await identity.client.read();
  expect(pair?.certificate.subject).toEqual({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
  expect((await files.stat(identity.client.path))?.mode).toBe(0o600);
  const kubeconfig = Buffer.from(await files.read(identity.kubeconfig)).toString();
  expect(kubeconfig).toContain(`client-certificate: ${identity.client.path}`);
  expect(kubeconfig).not.toContain(token);
  expect(await identity.readAuthority()).toBe(world.authority.certificate.pem);
  expect(await files.list('/identity')).toEqual(['agent.kubeconfig', 'ca.pem', 'client.pem']);
});

test('joining again keeps the certificate, until it has expired', async () => {
  const { identity } = world.machine();
  const token = await world.token('abcdef');
  await world.during(joinCluster(options({ token, identity })));
  const first = await identity.client.read();
  expect((await world.during(joinCluster(options({ token, identity })))).renewed).toBe(false);
  world.environment.shiftClock(366 * dayMs);
  expect((await world.during(joinCluster(options({ token, identity })))).renewed).toBe(true);
  expect((await identity.client.read())?.pem).not.toBe(first?.pem);
});

test('an attempt that was broken off goes on with the request it had made', async () => {
  const { identity } = world.machine();
  const token = await world.token('abcdef');
  const broken = new AbortController();
  const attempt = joinCluster(options({ token, identity, signal: broken.signal })).catch((error: Error) => error.name);
  await world.environment.advance(10);
  broken.abort();
  await world.during(attempt);
  await world.during(joinCluster(options({ token, identity })));
  expect((await world.client.list(certificateSigningRequests)).items).toHaveLength(1);
});

test('a certificate of another cluster is replaced', async () => {
  const { identity } = world.machine();
  const elsewhere = await JoinWorld.make(world.environment);
  const stranger = await elsewhere.token('abcdef');
  await world.during(
    joinCluster(
      options({ token: stranger, identity, reach: elsewhere.reach(), trust: { authorityHashes: [elsewhere.hash] } }),
    ),
  );
  const problem = identityProblem(
    (await identity.client.read())?.certificate,
    world.authority.certificate.pem,
    'n1',
    world.environment.now(),
  );
  expect(problem).toMatch('the client certificate of the node n1 is of another cluster: run "stuurman token create');
  const token = await world.token('ghijkl');
  expect((await world.during(joinCluster(options({ token, identity })))).renewed).toBe(true);
  await elsewhere.stop();
});

test.each<[string, () => Promise<Partial<JoinOptions> & Pick<JoinOptions, 'token'>>, string]>([
  [
    'no token',
    async () => ({ token: 'hello' }),
    'this is no bootstrap token: it has six small letters or digits, a dot',
  ],
  [
    'a token that nobody knows',
    async () => ({ token: 'ghijkl.0123456789abcdef' }),
    'the cluster at https://control-plane:6443 does not know the token ghijkl: it has expired, was deleted, or is of another cluster; run "stuurman token create --print-join-command" on the server',
  ],
  [
    'a token that expired',
    async () => {
      const token = await world.token('abcdef', { expiration: '2026-01-01T00:01:00Z' });
      await world.environment.advance(61_000);
      return { token };
    },
    'does not know the token abcdef: it has expired',
  ],
  [
    'a token that was copied wrong',
    async () => ({ token: `${(await world.token('abcdef')).slice(0, -1)}0` }),
    'the token abcdef is known to the cluster at https://control-plane:6443, but with another secret: check that the token was copied whole',
  ],
  [
    'a token that may not be used for this',
    async () => ({ token: await world.token('abcdef', { 'usage-bootstrap-authentication': 'false' }) }),
    'does not accept the token: it has expired, was deleted, or is of another cluster',
  ],
  [
    'the hash of another authority',
    async () => ({ token: await world.token('abcdef'), trust: { authorityHashes: [other] } }),
    `, and not ${other}: it is another cluster, or somebody is in between; compare with`,
  ],
  [
    'what is no hash',
    async () => ({ token: await world.token('abcdef'), trust: { authorityHashes: ['abc'] } }),
    '"abc" is no hash of an authority: it reads sha256: and 64 hexadecimal digits',
  ],
  [
    'an address where nobody answers',
    async () => ({ token: await world.token('abcdef'), servers: ['https://nobody:6443'] }),
    'the API cannot be reached: https://nobody:6443: connection refused. Check that the server is up',
  ],
  [
    'an authority that is not that of the cluster',
    async () => ({
      token: await world.token('abcdef'),
      trust: {
        authorityPem: CertificateAuthority.create(world.environment, { commonName: 'x', validityMs: dayMs }).certificate
          .pem,
      },
    }),
    'https://control-plane:6443 shows a certificate of another cluster than this machine trusts: check the address',
  ],
])('with %s it is told what to do', async (_, make, message) => {
  expect(await failure(await make())).toContain(message);
});

test('a clock that is wrong is named', async () => {
  const token = await world.token('abcdef');
  const environment = world.withClockOff(-dayMs);
  const trust = { authorityPem: world.authority.certificate.pem };
  expect(await failure({ token, environment, trust })).toMatch(
    /a certificate issued just now is valid from .* and the clock of this machine says 2025-12-31T.*: it is too slow, or that of the server is wrong; set it/,
  );
});

test('a cluster that lets nobody in says so', async () => {
  const token = await world.token('abcdef');
  await world.client.delete(configMaps, { namespace: 'kube-public', name: 'cluster-info' });
  expect(await failure({ token })).toMatch('does not publish the ConfigMap kube-public/cluster-info');
});

test('the name of a node that is ready is taken; that of one which is not may be used', async () => {
  const token = await world.token('abcdef');
  const status = (value: string) => ({ conditions: [{ type: 'Ready', status: value }] });
  await world.client.create(nodes, { metadata: { name: 'n1' } });
  const report = (body: object) =>
    world.client.patch(nodes, { name: 'n1' }, { type: 'merge', body: { status: body } }, { subresource: 'status' });
  await report(status('True'));
  expect(await failure({ token })).toMatch(
    'a node named n1 is in the cluster already, and ready: give this machine another name',
  );
  await report(status('Unknown'));
  expect(await failure({ token })).toBe('joined');
});

test('a token without the right to join is told so', async () => {
  const token = await world.token('abcdef', { 'auth-extra-groups': '' });
  expect(await failure({ token })).toMatch(
    'User "system:bootstrap:abcdef" cannot create resource "certificatesigningrequests"',
  );
});
