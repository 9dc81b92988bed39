import { expect, test } from 'vitest';
import { virtualEnvironment } from '../../../test/support/environment.ts';
import { silentLogger } from '../../machinery/log.ts';
import { parseCertificate } from '../../wire/pki/certificate.ts';
import { CertificateAuthority } from '../../wire/pki/certificate-authority.ts';
import { MemoryFiles } from '../host/simulated/memory-files.ts';
import { type NodeTls, ServingTls } from './serving-tls.ts';

const dayMs = 24 * 3600_000;

async function world() {
  const environment = virtualEnvironment(1);
  const files = new MemoryFiles(environment);
  await files.makeDirectory('/pki');
  const authority = CertificateAuthority.create(environment, { commonName: 'ca', validityMs: 100 * dayMs });
  await files.write('/pki/ca.pem', authority.certificate.pem);
  const issue = () => {
    const { certificate, keyPem } = authority.issue({ commonName: 'n', usages: ['serverAuth'], validityMs: dayMs });
    return { certificate: certificate.pem, key: keyPem };
  };
  const tls = new ServingTls({
    environment,
    logger: silentLogger,
    files,
    certificate: '/pki/n.crt',
    key: '/pki/n.key',
    authority: '/pki/ca.pem',
  });
  return { environment, files, authority, issue, tls };
}

test('until there is a certificate one that nobody trusts stands in, and then the real one is used', async () => {
  const { environment, files, authority, issue, tls } = await world();
  const first = await tls.read();
  expect(parseCertificate(first.certificatePem).subject.commonName).toBe('not-issued-yet');
  expect(first.clientAuthorityPem).toBe(authority.certificate.pem);
  const seen: NodeTls[] = [];
  tls.follow((renewed) => seen.push(renewed));
  const real = issue();
  await files.write('/pki/n.crt', real.certificate);
  await environment.advance(30_000);
  expect(seen).toEqual([]);
  await files.write('/pki/n.key', real.key);
  await environment.advance(10_000);
  expect(seen.map(({ certificatePem }) => certificatePem)).toEqual([real.certificate]);
  tls.stop();
});

test('a renewal is seen once, never with a key that does not fit, and nothing is after the end', async () => {
  const { environment, files, issue, tls } = await world();
  const write = async ({ certificate, key }: ReturnType<typeof issue>) => {
    await files.write('/pki/n.crt', certificate);
    await files.write('/pki/n.key', key);
  };
  const before = issue();
  await write(before);
  expect((await tls.read()).certificatePem).toBe(before.certificate);
  const seen: NodeTls[] = [];
  tls.follow((renewed) => seen.push(renewed));
  const after = issue();
  await files.write('/pki/n.crt', after.certificate);
  await tls.look();
  await environment.advance(60_000);
  expect(seen).toEqual([]);
  await write(after);
  await environment.advance(60_000);
  expect(seen.map(({ keyPem }) => keyPem)).toEqual([after.key]);
  tls.stop();
  await write(before);
  await environment.advance(60_000);
  expect(seen).toHaveLength(1);
});
